# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_firstlight_global_optspecs
    string join \n fleet= json q/quiet v/verbose operator= yes plan passphrase-fd= seed= h/help V/version
end

function __fish_firstlight_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_firstlight_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_firstlight_using_subcommand
    set -l cmd (__fish_firstlight_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c firstlight -n "__fish_firstlight_needs_command" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_needs_command" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_needs_command" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_needs_command" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_needs_command" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_needs_command" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_needs_command" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_needs_command" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_needs_command" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c firstlight -n "__fish_firstlight_needs_command" -s V -l version -d 'Print version'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "init" -d 'Set up a fleet that works at once'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "check" -d 'Check the fleet file, the inventory and the templates'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "ca" -d 'Make, show or export the fleet\'s certificate authority'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "seal" -d 'Show, change and export the keys that seal bundles'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "recipe" -d 'Sign and check lock recipes: steps that cannot be taken back'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "trust" -d 'Allow this fleet\'s programs (vendor programmers, hooks), by digest'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "serve" -d 'Serve the registry: devices register by themselves'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "token" -d 'Make, list and revoke tokens of devices and of people'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "approval" -d 'Decide about devices that wait for a person'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "backup" -d 'Save keys and records to one encrypted file'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "restore" -d 'Bring keys and records back from a backup'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "issue" -d 'Issue the credentials of devices'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "generate" -d 'Issue the credentials of devices'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "render" -d 'Render bootstrap bundles as plain files'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "write" -d 'Write bootstrap media: image files, folders, sticks, cards'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "flash" -d 'Write per-device data into chips through a programmer'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "station" -d 'The technician\'s screen: unit after unit, several slots side by side'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "batch" -d 'Open and close batches: frozen inputs, a signed report'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "label" -d 'Write a finished device\'s label once more'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "client" -d 'Take bundles from media, on the device itself'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "media" -d 'List drives; look at media and verify them'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "programmers" -d 'List programmers and boot loaders on USB'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "devices" -d 'List devices, show their records, retire them'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "ledger" -d 'Read and verify what this station did'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "doctor" -d 'Check this machine, each fault with its fix'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "schema" -d 'Print the JSON Schema of the fleet file'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "completions" -d 'Print completions for a shell'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "man" -d 'Print manual pages'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c firstlight -n "__fish_firstlight_using_subcommand init" -l template -d 'What reads the media: cloud-init, linux, lwm2m, mqtt, plain, raspberry-pi; or the flash of a chip: esp-idf, nrf52, stm32' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand init" -l name -d 'The fleet\'s name [default: the folder\'s]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand init" -l devices -d 'How many example devices the inventory begins with' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand init" -l server -d 'Where the devices\' server is: a URI, or its host alone; once for each server' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand init" -l registration -d 'Where devices register by themselves: https://HOST:PORT, served by `firstlight serve`; of template linux' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand init" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand init" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand init" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand init" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand init" -l demo -d 'Use a throw-away authority whose certificates no real device may carry'
complete -c firstlight -n "__fish_firstlight_using_subcommand init" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand init" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand init" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand init" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand init" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand init" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand check" -l inventory -d 'Read the inventory from PATH instead (`-`: standard input)' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand check" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand check" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand check" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand check" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand check" -l without-keys -d 'Do not ask for the keys and the ledger: for machines that are no station, such as CI'
complete -c firstlight -n "__fish_firstlight_using_subcommand check" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand check" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand check" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand check" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand check" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand check" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand ca; and not __fish_seen_subcommand_from init show export help" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand ca; and not __fish_seen_subcommand_from init show export help" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand ca; and not __fish_seen_subcommand_from init show export help" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand ca; and not __fish_seen_subcommand_from init show export help" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand ca; and not __fish_seen_subcommand_from init show export help" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand ca; and not __fish_seen_subcommand_from init show export help" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand ca; and not __fish_seen_subcommand_from init show export help" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand ca; and not __fish_seen_subcommand_from init show export help" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand ca; and not __fish_seen_subcommand_from init show export help" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand ca; and not __fish_seen_subcommand_from init show export help" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand ca; and not __fish_seen_subcommand_from init show export help" -f -a "init" -d 'Make the authority and pin it in fleet.lock'
complete -c firstlight -n "__fish_firstlight_using_subcommand ca; and not __fish_seen_subcommand_from init show export help" -f -a "show" -d 'Show the authority, its validity and how its key is protected'
complete -c firstlight -n "__fish_firstlight_using_subcommand ca; and not __fish_seen_subcommand_from init show export help" -f -a "export" -d 'Print the authority\'s certificates as PEM'
complete -c firstlight -n "__fish_firstlight_using_subcommand ca; and not __fish_seen_subcommand_from init show export help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c firstlight -n "__fish_firstlight_using_subcommand ca; and __fish_seen_subcommand_from init" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand ca; and __fish_seen_subcommand_from init" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand ca; and __fish_seen_subcommand_from init" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand ca; and __fish_seen_subcommand_from init" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand ca; and __fish_seen_subcommand_from init" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand ca; and __fish_seen_subcommand_from init" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand ca; and __fish_seen_subcommand_from init" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand ca; and __fish_seen_subcommand_from init" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand ca; and __fish_seen_subcommand_from init" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand ca; and __fish_seen_subcommand_from init" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand ca; and __fish_seen_subcommand_from show" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand ca; and __fish_seen_subcommand_from show" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand ca; and __fish_seen_subcommand_from show" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand ca; and __fish_seen_subcommand_from show" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand ca; and __fish_seen_subcommand_from show" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand ca; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand ca; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand ca; and __fish_seen_subcommand_from show" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand ca; and __fish_seen_subcommand_from show" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand ca; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand ca; and __fish_seen_subcommand_from export" -l out -d 'Write to this file instead of standard output' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand ca; and __fish_seen_subcommand_from export" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand ca; and __fish_seen_subcommand_from export" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand ca; and __fish_seen_subcommand_from export" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand ca; and __fish_seen_subcommand_from export" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand ca; and __fish_seen_subcommand_from export" -l chain -d 'The station\'s intermediate certificate too, before the root'
complete -c firstlight -n "__fish_firstlight_using_subcommand ca; and __fish_seen_subcommand_from export" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand ca; and __fish_seen_subcommand_from export" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand ca; and __fish_seen_subcommand_from export" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand ca; and __fish_seen_subcommand_from export" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand ca; and __fish_seen_subcommand_from export" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand ca; and __fish_seen_subcommand_from export" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand ca; and __fish_seen_subcommand_from help" -f -a "init" -d 'Make the authority and pin it in fleet.lock'
complete -c firstlight -n "__fish_firstlight_using_subcommand ca; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show the authority, its validity and how its key is protected'
complete -c firstlight -n "__fish_firstlight_using_subcommand ca; and __fish_seen_subcommand_from help" -f -a "export" -d 'Print the authority\'s certificates as PEM'
complete -c firstlight -n "__fish_firstlight_using_subcommand ca; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and not __fish_seen_subcommand_from show rotate retire export batch help" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and not __fish_seen_subcommand_from show rotate retire export batch help" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and not __fish_seen_subcommand_from show rotate retire export batch help" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and not __fish_seen_subcommand_from show rotate retire export batch help" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and not __fish_seen_subcommand_from show rotate retire export batch help" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and not __fish_seen_subcommand_from show rotate retire export batch help" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and not __fish_seen_subcommand_from show rotate retire export batch help" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and not __fish_seen_subcommand_from show rotate retire export batch help" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and not __fish_seen_subcommand_from show rotate retire export batch help" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and not __fish_seen_subcommand_from show rotate retire export batch help" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and not __fish_seen_subcommand_from show rotate retire export batch help" -f -a "show" -d 'Show the bundle keys and batch keys'
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and not __fish_seen_subcommand_from show rotate retire export batch help" -f -a "rotate" -d 'Make a new bundle key; the old ones sign too until they are retired'
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and not __fish_seen_subcommand_from show rotate retire export batch help" -f -a "retire" -d 'Let a bundle key sign no more'
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and not __fish_seen_subcommand_from show rotate retire export batch help" -f -a "export" -d 'Write what a device image needs to check and open bundles'
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and not __fish_seen_subcommand_from show rotate retire export batch help" -f -a "batch" -d 'Make a batch key, to be baked into device images'
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and not __fish_seen_subcommand_from show rotate retire export batch help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and __fish_seen_subcommand_from show" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and __fish_seen_subcommand_from show" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and __fish_seen_subcommand_from show" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and __fish_seen_subcommand_from show" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and __fish_seen_subcommand_from show" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and __fish_seen_subcommand_from show" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and __fish_seen_subcommand_from show" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and __fish_seen_subcommand_from rotate" -l reason -d 'Why; it is kept with the key' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and __fish_seen_subcommand_from rotate" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and __fish_seen_subcommand_from rotate" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and __fish_seen_subcommand_from rotate" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and __fish_seen_subcommand_from rotate" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and __fish_seen_subcommand_from rotate" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and __fish_seen_subcommand_from rotate" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and __fish_seen_subcommand_from rotate" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and __fish_seen_subcommand_from rotate" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and __fish_seen_subcommand_from rotate" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and __fish_seen_subcommand_from rotate" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and __fish_seen_subcommand_from retire" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and __fish_seen_subcommand_from retire" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and __fish_seen_subcommand_from retire" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and __fish_seen_subcommand_from retire" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and __fish_seen_subcommand_from retire" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and __fish_seen_subcommand_from retire" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and __fish_seen_subcommand_from retire" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and __fish_seen_subcommand_from retire" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and __fish_seen_subcommand_from retire" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and __fish_seen_subcommand_from retire" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and __fish_seen_subcommand_from export" -l out -d 'Folder to make; it must be empty or absent. It becomes the image\'s /etc/firstlight' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and __fish_seen_subcommand_from export" -l batch -d 'Batch key whose private half the image shall carry, or secret with a pre-shared key; once for each' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and __fish_seen_subcommand_from export" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and __fish_seen_subcommand_from export" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and __fish_seen_subcommand_from export" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and __fish_seen_subcommand_from export" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and __fish_seen_subcommand_from export" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and __fish_seen_subcommand_from export" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and __fish_seen_subcommand_from export" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and __fish_seen_subcommand_from export" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and __fish_seen_subcommand_from export" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and __fish_seen_subcommand_from export" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and __fish_seen_subcommand_from batch" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and __fish_seen_subcommand_from batch" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and __fish_seen_subcommand_from batch" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and __fish_seen_subcommand_from batch" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and __fish_seen_subcommand_from batch" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and __fish_seen_subcommand_from batch" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and __fish_seen_subcommand_from batch" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and __fish_seen_subcommand_from batch" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and __fish_seen_subcommand_from batch" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and __fish_seen_subcommand_from batch" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show the bundle keys and batch keys'
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and __fish_seen_subcommand_from help" -f -a "rotate" -d 'Make a new bundle key; the old ones sign too until they are retired'
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and __fish_seen_subcommand_from help" -f -a "retire" -d 'Let a bundle key sign no more'
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and __fish_seen_subcommand_from help" -f -a "export" -d 'Write what a device image needs to check and open bundles'
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and __fish_seen_subcommand_from help" -f -a "batch" -d 'Make a batch key, to be baked into device images'
complete -c firstlight -n "__fish_firstlight_using_subcommand seal; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c firstlight -n "__fish_firstlight_using_subcommand recipe; and not __fish_seen_subcommand_from sign check help" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand recipe; and not __fish_seen_subcommand_from sign check help" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand recipe; and not __fish_seen_subcommand_from sign check help" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand recipe; and not __fish_seen_subcommand_from sign check help" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand recipe; and not __fish_seen_subcommand_from sign check help" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand recipe; and not __fish_seen_subcommand_from sign check help" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand recipe; and not __fish_seen_subcommand_from sign check help" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand recipe; and not __fish_seen_subcommand_from sign check help" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand recipe; and not __fish_seen_subcommand_from sign check help" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand recipe; and not __fish_seen_subcommand_from sign check help" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand recipe; and not __fish_seen_subcommand_from sign check help" -f -a "sign" -d 'Sign a recipe with the fleet\'s bundle key'
complete -c firstlight -n "__fish_firstlight_using_subcommand recipe; and not __fish_seen_subcommand_from sign check help" -f -a "check" -d 'Check a recipe and its signature'
complete -c firstlight -n "__fish_firstlight_using_subcommand recipe; and not __fish_seen_subcommand_from sign check help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c firstlight -n "__fish_firstlight_using_subcommand recipe; and __fish_seen_subcommand_from sign" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand recipe; and __fish_seen_subcommand_from sign" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand recipe; and __fish_seen_subcommand_from sign" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand recipe; and __fish_seen_subcommand_from sign" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand recipe; and __fish_seen_subcommand_from sign" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand recipe; and __fish_seen_subcommand_from sign" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand recipe; and __fish_seen_subcommand_from sign" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand recipe; and __fish_seen_subcommand_from sign" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand recipe; and __fish_seen_subcommand_from sign" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand recipe; and __fish_seen_subcommand_from sign" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand recipe; and __fish_seen_subcommand_from check" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand recipe; and __fish_seen_subcommand_from check" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand recipe; and __fish_seen_subcommand_from check" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand recipe; and __fish_seen_subcommand_from check" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand recipe; and __fish_seen_subcommand_from check" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand recipe; and __fish_seen_subcommand_from check" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand recipe; and __fish_seen_subcommand_from check" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand recipe; and __fish_seen_subcommand_from check" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand recipe; and __fish_seen_subcommand_from check" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand recipe; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand recipe; and __fish_seen_subcommand_from help" -f -a "sign" -d 'Sign a recipe with the fleet\'s bundle key'
complete -c firstlight -n "__fish_firstlight_using_subcommand recipe; and __fish_seen_subcommand_from help" -f -a "check" -d 'Check a recipe and its signature'
complete -c firstlight -n "__fish_firstlight_using_subcommand recipe; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c firstlight -n "__fish_firstlight_using_subcommand trust" -l revoke -d 'Trust what has this digest no more (its beginning is enough)' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand trust" -l digest -d 'Trust the program of exactly this digest, for scripts; --yes never stands for it' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand trust" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand trust" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand trust" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand trust" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand trust" -l list -d 'Show the fleet\'s programs and which are trusted; change nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand trust" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand trust" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand trust" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand trust" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand trust" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand trust" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand serve" -l listen -d 'Listen at this address instead of the fleet file\'s' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand serve" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand serve" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand serve" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand serve" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand serve" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand serve" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand serve" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand serve" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand serve" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand serve" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand token; and not __fish_seen_subcommand_from new list revoke help" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand token; and not __fish_seen_subcommand_from new list revoke help" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand token; and not __fish_seen_subcommand_from new list revoke help" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand token; and not __fish_seen_subcommand_from new list revoke help" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand token; and not __fish_seen_subcommand_from new list revoke help" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand token; and not __fish_seen_subcommand_from new list revoke help" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand token; and not __fish_seen_subcommand_from new list revoke help" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand token; and not __fish_seen_subcommand_from new list revoke help" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand token; and not __fish_seen_subcommand_from new list revoke help" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand token; and not __fish_seen_subcommand_from new list revoke help" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand token; and not __fish_seen_subcommand_from new list revoke help" -f -a "new" -d 'Make a token; it is shown once and stored as a digest only'
complete -c firstlight -n "__fish_firstlight_using_subcommand token; and not __fish_seen_subcommand_from new list revoke help" -f -a "list" -d 'List tokens'
complete -c firstlight -n "__fish_firstlight_using_subcommand token; and not __fish_seen_subcommand_from new list revoke help" -f -a "revoke" -d 'Revoke a token'
complete -c firstlight -n "__fish_firstlight_using_subcommand token; and not __fish_seen_subcommand_from new list revoke help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c firstlight -n "__fish_firstlight_using_subcommand token; and __fish_seen_subcommand_from new" -l role -d 'For administering, in this role' -r -f -a "viewer\t'Looks'
technician\t'Also lists, allows and blocks devices'
approver\t'Also approves and denies'
admin\t'Everything'"
complete -c firstlight -n "__fish_firstlight_using_subcommand token; and __fish_seen_subcommand_from new" -l group -d 'For devices of this enrolment group' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand token; and __fish_seen_subcommand_from new" -l device -d 'For this device only' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand token; and __fish_seen_subcommand_from new" -l uses -d 'How often it may be used; any number of times without' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand token; and __fish_seen_subcommand_from new" -l days -d 'For how many days it is good; for ever without' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand token; and __fish_seen_subcommand_from new" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand token; and __fish_seen_subcommand_from new" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand token; and __fish_seen_subcommand_from new" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand token; and __fish_seen_subcommand_from new" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand token; and __fish_seen_subcommand_from new" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand token; and __fish_seen_subcommand_from new" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand token; and __fish_seen_subcommand_from new" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand token; and __fish_seen_subcommand_from new" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand token; and __fish_seen_subcommand_from new" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand token; and __fish_seen_subcommand_from new" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c firstlight -n "__fish_firstlight_using_subcommand token; and __fish_seen_subcommand_from list" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand token; and __fish_seen_subcommand_from list" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand token; and __fish_seen_subcommand_from list" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand token; and __fish_seen_subcommand_from list" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand token; and __fish_seen_subcommand_from list" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand token; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand token; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand token; and __fish_seen_subcommand_from list" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand token; and __fish_seen_subcommand_from list" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand token; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand token; and __fish_seen_subcommand_from revoke" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand token; and __fish_seen_subcommand_from revoke" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand token; and __fish_seen_subcommand_from revoke" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand token; and __fish_seen_subcommand_from revoke" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand token; and __fish_seen_subcommand_from revoke" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand token; and __fish_seen_subcommand_from revoke" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand token; and __fish_seen_subcommand_from revoke" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand token; and __fish_seen_subcommand_from revoke" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand token; and __fish_seen_subcommand_from revoke" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand token; and __fish_seen_subcommand_from revoke" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand token; and __fish_seen_subcommand_from help" -f -a "new" -d 'Make a token; it is shown once and stored as a digest only'
complete -c firstlight -n "__fish_firstlight_using_subcommand token; and __fish_seen_subcommand_from help" -f -a "list" -d 'List tokens'
complete -c firstlight -n "__fish_firstlight_using_subcommand token; and __fish_seen_subcommand_from help" -f -a "revoke" -d 'Revoke a token'
complete -c firstlight -n "__fish_firstlight_using_subcommand token; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c firstlight -n "__fish_firstlight_using_subcommand approval; and not __fish_seen_subcommand_from list approve deny help" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand approval; and not __fish_seen_subcommand_from list approve deny help" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand approval; and not __fish_seen_subcommand_from list approve deny help" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand approval; and not __fish_seen_subcommand_from list approve deny help" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand approval; and not __fish_seen_subcommand_from list approve deny help" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand approval; and not __fish_seen_subcommand_from list approve deny help" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand approval; and not __fish_seen_subcommand_from list approve deny help" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand approval; and not __fish_seen_subcommand_from list approve deny help" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand approval; and not __fish_seen_subcommand_from list approve deny help" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand approval; and not __fish_seen_subcommand_from list approve deny help" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand approval; and not __fish_seen_subcommand_from list approve deny help" -f -a "list" -d 'List registrations that wait'
complete -c firstlight -n "__fish_firstlight_using_subcommand approval; and not __fish_seen_subcommand_from list approve deny help" -f -a "approve" -d 'Agree to a registration'
complete -c firstlight -n "__fish_firstlight_using_subcommand approval; and not __fish_seen_subcommand_from list approve deny help" -f -a "deny" -d 'Deny a registration'
complete -c firstlight -n "__fish_firstlight_using_subcommand approval; and not __fish_seen_subcommand_from list approve deny help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c firstlight -n "__fish_firstlight_using_subcommand approval; and __fish_seen_subcommand_from list" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand approval; and __fish_seen_subcommand_from list" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand approval; and __fish_seen_subcommand_from list" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand approval; and __fish_seen_subcommand_from list" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand approval; and __fish_seen_subcommand_from list" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand approval; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand approval; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand approval; and __fish_seen_subcommand_from list" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand approval; and __fish_seen_subcommand_from list" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand approval; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand approval; and __fish_seen_subcommand_from approve" -l reason -d 'Why, for the audit trail' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand approval; and __fish_seen_subcommand_from approve" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand approval; and __fish_seen_subcommand_from approve" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand approval; and __fish_seen_subcommand_from approve" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand approval; and __fish_seen_subcommand_from approve" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand approval; and __fish_seen_subcommand_from approve" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand approval; and __fish_seen_subcommand_from approve" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand approval; and __fish_seen_subcommand_from approve" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand approval; and __fish_seen_subcommand_from approve" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand approval; and __fish_seen_subcommand_from approve" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand approval; and __fish_seen_subcommand_from approve" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand approval; and __fish_seen_subcommand_from deny" -l reason -d 'Why, for the audit trail' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand approval; and __fish_seen_subcommand_from deny" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand approval; and __fish_seen_subcommand_from deny" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand approval; and __fish_seen_subcommand_from deny" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand approval; and __fish_seen_subcommand_from deny" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand approval; and __fish_seen_subcommand_from deny" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand approval; and __fish_seen_subcommand_from deny" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand approval; and __fish_seen_subcommand_from deny" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand approval; and __fish_seen_subcommand_from deny" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand approval; and __fish_seen_subcommand_from deny" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand approval; and __fish_seen_subcommand_from deny" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand approval; and __fish_seen_subcommand_from help" -f -a "list" -d 'List registrations that wait'
complete -c firstlight -n "__fish_firstlight_using_subcommand approval; and __fish_seen_subcommand_from help" -f -a "approve" -d 'Agree to a registration'
complete -c firstlight -n "__fish_firstlight_using_subcommand approval; and __fish_seen_subcommand_from help" -f -a "deny" -d 'Deny a registration'
complete -c firstlight -n "__fish_firstlight_using_subcommand approval; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c firstlight -n "__fish_firstlight_using_subcommand backup" -l recipient -d 'Encrypt to this age recipient instead of a passphrase' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand backup" -l backup-passphrase-fd -d 'Read the backup\'s passphrase from this file descriptor instead of asking' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand backup" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand backup" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand backup" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand backup" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand backup" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand backup" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand backup" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand backup" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand backup" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand backup" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand restore" -l identity -d 'Open it with the age identity in this file instead of a passphrase' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand restore" -l backup-passphrase-fd -d 'Read the backup\'s passphrase from this file descriptor instead of asking' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand restore" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand restore" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand restore" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand restore" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand restore" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand restore" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand restore" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand restore" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand restore" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand restore" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand issue" -l inventory -d 'Read the inventory from PATH instead (`-`: standard input)' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand issue" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand issue" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand issue" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand issue" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand issue" -l all -d 'All devices of the inventory'
complete -c firstlight -n "__fish_firstlight_using_subcommand issue" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand issue" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand issue" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand issue" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand issue" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand issue" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand generate" -l inventory -d 'Read the inventory from PATH instead (`-`: standard input)' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand generate" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand generate" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand generate" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand generate" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand generate" -l all -d 'All devices of the inventory'
complete -c firstlight -n "__fish_firstlight_using_subcommand generate" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand generate" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand generate" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand generate" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand generate" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand generate" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand render" -l inventory -d 'Read the inventory from PATH instead (`-`: standard input)' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand render" -l out -d 'Folder to make the bundles in, DIR/ID/...; secrets lie there in clear, mode 0600' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand render" -l delivery -d 'Which of the profile\'s deliveries, where there are several' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand render" -l again -d 'Render again what is rendered, and why' -r -f -a "lost\t'The medium is gone: new credentials, the old ones are revoked'
damaged\t'The medium is broken and in our hands: the same credentials'
copy\t'One more of the same'"
complete -c firstlight -n "__fish_firstlight_using_subcommand render" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand render" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand render" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand render" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand render" -l all -d 'All devices of the inventory'
complete -c firstlight -n "__fish_firstlight_using_subcommand render" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand render" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand render" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand render" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand render" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand render" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c firstlight -n "__fish_firstlight_using_subcommand write" -l inventory -d 'Read the inventory from PATH instead (`-`: standard input)' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand write" -l to -d 'Where to; may be given several times [default: ask, from a list of drives]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand write" -l delivery -d 'Which of the profile\'s deliveries, where there are several' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand write" -l again -d 'Deliver again what is delivered, and why' -r -f -a "lost\t'The medium is gone: new credentials, the old ones are revoked'
damaged\t'The medium is broken and in our hands: the same credentials'
copy\t'One more of the same'"
complete -c firstlight -n "__fish_firstlight_using_subcommand write" -l jobs -d 'How many devices at a time [default: 32 for each processor]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand write" -l accept-target -d 'Overwrite the drive that `media list --json` printed this id for; good once' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand write" -l accept-port -d 'Overwrite what is in this USB port, if it is blank or finished by this fleet' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand write" -l max-size -d '... and not larger than this (32GB, 64GiB)' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand write" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand write" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand write" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand write" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand write" -l all -d 'All devices of the inventory'
complete -c firstlight -n "__fish_firstlight_using_subcommand write" -l next -d 'The next device of the inventory that still lacks this delivery'
complete -c firstlight -n "__fish_firstlight_using_subcommand write" -l together -d 'All devices on one medium, each in a folder of its own'
complete -c firstlight -n "__fish_firstlight_using_subcommand write" -l eject -d 'Eject the drive when it is written and read back'
complete -c firstlight -n "__fish_firstlight_using_subcommand write" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand write" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand write" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand write" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand write" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand write" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c firstlight -n "__fish_firstlight_using_subcommand flash" -l inventory -d 'Read the inventory from PATH instead (`-`: standard input)' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand flash" -l scan -d 'The device with this id or serial number, as its label was scanned' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand flash" -l programmer -d 'What reaches the chip; several are used side by side' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand flash" -l delivery -d 'Which of the profile\'s deliveries, where there are several' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand flash" -l rework -d 'Give a chip that is another device\'s to this one, and why' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand flash" -l again -d 'Deliver again what is delivered, and why' -r -f -a "lost\t'The medium is gone: new credentials, the old ones are revoked'
damaged\t'The medium is broken and in our hands: the same credentials'
copy\t'One more of the same'"
complete -c firstlight -n "__fish_firstlight_using_subcommand flash" -l jobs -d 'How many chips at a time [default: one for each programmer, or processor]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand flash" -l labels -d 'Write the label of each unit that passed into this folder, as SVG and ZPL' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand flash" -l accept-target -d 'Overwrite the chip with this accept id, which a refusal named' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand flash" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand flash" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand flash" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand flash" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand flash" -l all -d 'All devices of the inventory'
complete -c firstlight -n "__fish_firstlight_using_subcommand flash" -l next -d 'As many devices as there are programmers: the next ones that lack this delivery'
complete -c firstlight -n "__fish_firstlight_using_subcommand flash" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand flash" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand flash" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand flash" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand flash" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand flash" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c firstlight -n "__fish_firstlight_using_subcommand station" -l programmer -d 'A slot for chips: the programmer that reaches them; once for each slot' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand station" -l to -d 'A slot for sticks and cards: drive:port=PORT or slot:N; once for each' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand station" -l delivery -d 'Which of the profile\'s deliveries, where there are several' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand station" -l count -d 'End after N units, passed or failed' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand station" -l labels -d 'Write the label of each unit that passed into this folder, as SVG and ZPL' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand station" -l accept-port -d 'Overwrite what is in this USB port, if it is blank or finished by this fleet; once for each drive' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand station" -l max-size -d '... and not larger than this (32GB, 64GiB)' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand station" -l inventory -d 'Read the inventory from PATH instead' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand station" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand station" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand station" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand station" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand station" -l scan -d 'Wait for a scanned label (id or serial number) before each unit'
complete -c firstlight -n "__fish_firstlight_using_subcommand station" -l once -d 'One unit in each slot, then end'
complete -c firstlight -n "__fish_firstlight_using_subcommand station" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand station" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand station" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand station" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand station" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand station" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand batch; and not __fish_seen_subcommand_from open close show help" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand batch; and not __fish_seen_subcommand_from open close show help" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand batch; and not __fish_seen_subcommand_from open close show help" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand batch; and not __fish_seen_subcommand_from open close show help" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand batch; and not __fish_seen_subcommand_from open close show help" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand batch; and not __fish_seen_subcommand_from open close show help" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand batch; and not __fish_seen_subcommand_from open close show help" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand batch; and not __fish_seen_subcommand_from open close show help" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand batch; and not __fish_seen_subcommand_from open close show help" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand batch; and not __fish_seen_subcommand_from open close show help" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand batch; and not __fish_seen_subcommand_from open close show help" -f -a "open" -d 'Open a batch: freeze fleet, inventory, templates, authority, recipes, tool'
complete -c firstlight -n "__fish_firstlight_using_subcommand batch; and not __fish_seen_subcommand_from open close show help" -f -a "close" -d 'Close the open batch with a signed report'
complete -c firstlight -n "__fish_firstlight_using_subcommand batch; and not __fish_seen_subcommand_from open close show help" -f -a "show" -d 'Show a batch with its counts, or all of them'
complete -c firstlight -n "__fish_firstlight_using_subcommand batch; and not __fish_seen_subcommand_from open close show help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c firstlight -n "__fish_firstlight_using_subcommand batch; and __fish_seen_subcommand_from open" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand batch; and __fish_seen_subcommand_from open" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand batch; and __fish_seen_subcommand_from open" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand batch; and __fish_seen_subcommand_from open" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand batch; and __fish_seen_subcommand_from open" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand batch; and __fish_seen_subcommand_from open" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand batch; and __fish_seen_subcommand_from open" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand batch; and __fish_seen_subcommand_from open" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand batch; and __fish_seen_subcommand_from open" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand batch; and __fish_seen_subcommand_from open" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand batch; and __fish_seen_subcommand_from close" -l out -d 'The report; its signature comes beside it, as FILE.minisig [default: batch-NAME.json]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand batch; and __fish_seen_subcommand_from close" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand batch; and __fish_seen_subcommand_from close" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand batch; and __fish_seen_subcommand_from close" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand batch; and __fish_seen_subcommand_from close" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand batch; and __fish_seen_subcommand_from close" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand batch; and __fish_seen_subcommand_from close" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand batch; and __fish_seen_subcommand_from close" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand batch; and __fish_seen_subcommand_from close" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand batch; and __fish_seen_subcommand_from close" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand batch; and __fish_seen_subcommand_from close" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand batch; and __fish_seen_subcommand_from show" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand batch; and __fish_seen_subcommand_from show" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand batch; and __fish_seen_subcommand_from show" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand batch; and __fish_seen_subcommand_from show" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand batch; and __fish_seen_subcommand_from show" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand batch; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand batch; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand batch; and __fish_seen_subcommand_from show" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand batch; and __fish_seen_subcommand_from show" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand batch; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand batch; and __fish_seen_subcommand_from help" -f -a "open" -d 'Open a batch: freeze fleet, inventory, templates, authority, recipes, tool'
complete -c firstlight -n "__fish_firstlight_using_subcommand batch; and __fish_seen_subcommand_from help" -f -a "close" -d 'Close the open batch with a signed report'
complete -c firstlight -n "__fish_firstlight_using_subcommand batch; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show a batch with its counts, or all of them'
complete -c firstlight -n "__fish_firstlight_using_subcommand batch; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c firstlight -n "__fish_firstlight_using_subcommand label" -l out -d 'Write ID.svg and ID.zpl into this folder' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand label" -l delivery -d 'Which of the profile\'s deliveries, where there are several' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand label" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand label" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand label" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand label" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand label" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand label" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand label" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand label" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand label" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand label" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and not __fish_seen_subcommand_from ingest register status forget help" -l root -d 'The device\'s root folder, for making images and for tests; only root sets owners there' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and not __fish_seen_subcommand_from ingest register status forget help" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and not __fish_seen_subcommand_from ingest register status forget help" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and not __fish_seen_subcommand_from ingest register status forget help" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and not __fish_seen_subcommand_from ingest register status forget help" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and not __fish_seen_subcommand_from ingest register status forget help" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and not __fish_seen_subcommand_from ingest register status forget help" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and not __fish_seen_subcommand_from ingest register status forget help" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and not __fish_seen_subcommand_from ingest register status forget help" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and not __fish_seen_subcommand_from ingest register status forget help" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and not __fish_seen_subcommand_from ingest register status forget help" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and not __fish_seen_subcommand_from ingest register status forget help" -f -a "ingest" -d 'Take the bundle for this device from a medium, or let the copy serve'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and not __fish_seen_subcommand_from ingest register status forget help" -f -a "register" -d 'Register this device with the server its bundle names'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and not __fish_seen_subcommand_from ingest register status forget help" -f -a "status" -d 'Show what is in force, whom this device trusts, what came last'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and not __fish_seen_subcommand_from ingest register status forget help" -f -a "forget" -d 'Take the bundle in force away and restore what was before it'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and not __fish_seen_subcommand_from ingest register status forget help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from ingest" -l from -d 'The medium: a block device, an image file or a folder [default: the removable drive with the label that the device image names]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from ingest" -l root -d 'The device\'s root folder, for making images and for tests; only root sets owners there' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from ingest" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from ingest" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from ingest" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from ingest" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from ingest" -l no-medium -d 'Look for no medium: complete what was interrupted, let the copy serve'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from ingest" -l now -d 'Try a bundle that could not prove itself at once, not at its next time'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from ingest" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from ingest" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from ingest" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from ingest" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from ingest" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from ingest" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from register" -l config -d 'What the device was told of its registration [default: /etc/firstlight.d/registration.json]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from register" -l within -d 'How long to try, and to wait for a decision' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from register" -l root -d 'The device\'s root folder, for making images and for tests; only root sets owners there' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from register" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from register" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from register" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from register" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from register" -l again -d 'Ask the server even if its answer is kept'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from register" -l proxy -d 'Go through the proxy that the environment names (HTTPS_PROXY)'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from register" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from register" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from register" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from register" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from register" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from register" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from status" -l root -d 'The device\'s root folder, for making images and for tests; only root sets owners there' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from status" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from status" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from status" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from status" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from status" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from status" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from status" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from status" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from status" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from forget" -l root -d 'The device\'s root folder, for making images and for tests; only root sets owners there' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from forget" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from forget" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from forget" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from forget" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from forget" -l owner -d 'Forget the owner and the keys learned, too: wants the presence that the device image declares, whatever --yes says'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from forget" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from forget" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from forget" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from forget" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from forget" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from forget" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from help" -f -a "ingest" -d 'Take the bundle for this device from a medium, or let the copy serve'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from help" -f -a "register" -d 'Register this device with the server its bundle names'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from help" -f -a "status" -d 'Show what is in force, whom this device trusts, what came last'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from help" -f -a "forget" -d 'Take the bundle in force away and restore what was before it'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and not __fish_seen_subcommand_from list erase inspect verify help" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and not __fish_seen_subcommand_from list erase inspect verify help" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and not __fish_seen_subcommand_from list erase inspect verify help" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and not __fish_seen_subcommand_from list erase inspect verify help" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and not __fish_seen_subcommand_from list erase inspect verify help" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and not __fish_seen_subcommand_from list erase inspect verify help" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and not __fish_seen_subcommand_from list erase inspect verify help" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and not __fish_seen_subcommand_from list erase inspect verify help" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and not __fish_seen_subcommand_from list erase inspect verify help" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and not __fish_seen_subcommand_from list erase inspect verify help" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and not __fish_seen_subcommand_from list erase inspect verify help" -f -a "list" -d 'List drives, each with our verdict and its reasons'
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and not __fish_seen_subcommand_from list erase inspect verify help" -f -a "erase" -d 'Make every byte of a drive zero and read it back'
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and not __fish_seen_subcommand_from list erase inspect verify help" -f -a "inspect" -d 'Show what is on a medium or in an image, without its secrets'
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and not __fish_seen_subcommand_from list erase inspect verify help" -f -a "verify" -d 'Compare a medium with its manifest'
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and not __fish_seen_subcommand_from list erase inspect verify help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and __fish_seen_subcommand_from list" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and __fish_seen_subcommand_from list" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and __fish_seen_subcommand_from list" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and __fish_seen_subcommand_from list" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and __fish_seen_subcommand_from list" -l all -d 'Also internal and system disks, with the reason why they are refused'
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and __fish_seen_subcommand_from list" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and __fish_seen_subcommand_from list" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and __fish_seen_subcommand_from list" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and __fish_seen_subcommand_from erase" -l accept-target -d 'Erase the drive that `media list --json` printed this id for; good once' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and __fish_seen_subcommand_from erase" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and __fish_seen_subcommand_from erase" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and __fish_seen_subcommand_from erase" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and __fish_seen_subcommand_from erase" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and __fish_seen_subcommand_from erase" -l eject -d 'Eject the drive when it is erased'
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and __fish_seen_subcommand_from erase" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and __fish_seen_subcommand_from erase" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and __fish_seen_subcommand_from erase" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and __fish_seen_subcommand_from erase" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and __fish_seen_subcommand_from erase" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and __fish_seen_subcommand_from erase" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and __fish_seen_subcommand_from inspect" -l format -d 'Read it as FORM [default: what its content tells]' -r -f -a "nvs\t''
esp-secure-cert\t''
esp-partition-table\t''
esp-flash\t''
intel-hex\t''
uf2\t''
littlefs\t''
senml-cbor\t''
lwm2m-tlv\t''
raw\t''"
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and __fish_seen_subcommand_from inspect" -l object -d 'The object whose TLV it is' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and __fish_seen_subcommand_from inspect" -l keys -d 'Keys of an encrypted NVS partition: its keys partition, the keys, or the eFuse key' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and __fish_seen_subcommand_from inspect" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and __fish_seen_subcommand_from inspect" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and __fish_seen_subcommand_from inspect" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and __fish_seen_subcommand_from inspect" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and __fish_seen_subcommand_from inspect" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and __fish_seen_subcommand_from inspect" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and __fish_seen_subcommand_from inspect" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and __fish_seen_subcommand_from inspect" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and __fish_seen_subcommand_from inspect" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and __fish_seen_subcommand_from inspect" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and __fish_seen_subcommand_from verify" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and __fish_seen_subcommand_from verify" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and __fish_seen_subcommand_from verify" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and __fish_seen_subcommand_from verify" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and __fish_seen_subcommand_from verify" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and __fish_seen_subcommand_from verify" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and __fish_seen_subcommand_from verify" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and __fish_seen_subcommand_from verify" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and __fish_seen_subcommand_from verify" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and __fish_seen_subcommand_from verify" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and __fish_seen_subcommand_from help" -f -a "list" -d 'List drives, each with our verdict and its reasons'
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and __fish_seen_subcommand_from help" -f -a "erase" -d 'Make every byte of a drive zero and read it back'
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and __fish_seen_subcommand_from help" -f -a "inspect" -d 'Show what is on a medium or in an image, without its secrets'
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and __fish_seen_subcommand_from help" -f -a "verify" -d 'Compare a medium with its manifest'
complete -c firstlight -n "__fish_firstlight_using_subcommand media; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c firstlight -n "__fish_firstlight_using_subcommand programmers; and not __fish_seen_subcommand_from list rule help" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand programmers; and not __fish_seen_subcommand_from list rule help" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand programmers; and not __fish_seen_subcommand_from list rule help" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand programmers; and not __fish_seen_subcommand_from list rule help" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand programmers; and not __fish_seen_subcommand_from list rule help" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand programmers; and not __fish_seen_subcommand_from list rule help" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand programmers; and not __fish_seen_subcommand_from list rule help" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand programmers; and not __fish_seen_subcommand_from list rule help" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand programmers; and not __fish_seen_subcommand_from list rule help" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand programmers; and not __fish_seen_subcommand_from list rule help" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand programmers; and not __fish_seen_subcommand_from list rule help" -f -a "list" -d 'List programmers and boot loaders on USB, each with its port'
complete -c firstlight -n "__fish_firstlight_using_subcommand programmers; and not __fish_seen_subcommand_from list rule help" -f -a "rule" -d 'Print the udev rule that lets a technician open them'
complete -c firstlight -n "__fish_firstlight_using_subcommand programmers; and not __fish_seen_subcommand_from list rule help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c firstlight -n "__fish_firstlight_using_subcommand programmers; and __fish_seen_subcommand_from list" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand programmers; and __fish_seen_subcommand_from list" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand programmers; and __fish_seen_subcommand_from list" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand programmers; and __fish_seen_subcommand_from list" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand programmers; and __fish_seen_subcommand_from list" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand programmers; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand programmers; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand programmers; and __fish_seen_subcommand_from list" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand programmers; and __fish_seen_subcommand_from list" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand programmers; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand programmers; and __fish_seen_subcommand_from rule" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand programmers; and __fish_seen_subcommand_from rule" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand programmers; and __fish_seen_subcommand_from rule" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand programmers; and __fish_seen_subcommand_from rule" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand programmers; and __fish_seen_subcommand_from rule" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand programmers; and __fish_seen_subcommand_from rule" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand programmers; and __fish_seen_subcommand_from rule" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand programmers; and __fish_seen_subcommand_from rule" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand programmers; and __fish_seen_subcommand_from rule" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand programmers; and __fish_seen_subcommand_from rule" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand programmers; and __fish_seen_subcommand_from help" -f -a "list" -d 'List programmers and boot loaders on USB, each with its port'
complete -c firstlight -n "__fish_firstlight_using_subcommand programmers; and __fish_seen_subcommand_from help" -f -a "rule" -d 'Print the udev rule that lets a technician open them'
complete -c firstlight -n "__fish_firstlight_using_subcommand programmers; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and not __fish_seen_subcommand_from list show why retire help" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and not __fish_seen_subcommand_from list show why retire help" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and not __fish_seen_subcommand_from list show why retire help" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and not __fish_seen_subcommand_from list show why retire help" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and not __fish_seen_subcommand_from list show why retire help" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and not __fish_seen_subcommand_from list show why retire help" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and not __fish_seen_subcommand_from list show why retire help" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and not __fish_seen_subcommand_from list show why retire help" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and not __fish_seen_subcommand_from list show why retire help" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and not __fish_seen_subcommand_from list show why retire help" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and not __fish_seen_subcommand_from list show why retire help" -f -a "list" -d 'List devices and where each stands'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and not __fish_seen_subcommand_from list show why retire help" -f -a "show" -d 'Show all records of a device'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and not __fish_seen_subcommand_from list show why retire help" -f -a "why" -d 'Say why a device stands where it does, and what comes next'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and not __fish_seen_subcommand_from list show why retire help" -f -a "retire" -d 'Retire a device: its credentials become void'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and not __fish_seen_subcommand_from list show why retire help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from list" -l profile -d 'Only devices of this profile' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from list" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from list" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from list" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from list" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from list" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from list" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from list" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from show" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from show" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from show" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from show" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from show" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from show" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from show" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from why" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from why" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from why" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from why" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from why" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from why" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from why" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from why" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from why" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from why" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from retire" -l reason -d 'Why, for the ledger' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from retire" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from retire" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from retire" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from retire" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from retire" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from retire" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from retire" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from retire" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from retire" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from retire" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from help" -f -a "list" -d 'List devices and where each stands'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show all records of a device'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from help" -f -a "why" -d 'Say why a device stands where it does, and what comes next'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from help" -f -a "retire" -d 'Retire a device: its credentials become void'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and not __fish_seen_subcommand_from log pending verify help" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and not __fish_seen_subcommand_from log pending verify help" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and not __fish_seen_subcommand_from log pending verify help" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and not __fish_seen_subcommand_from log pending verify help" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and not __fish_seen_subcommand_from log pending verify help" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and not __fish_seen_subcommand_from log pending verify help" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and not __fish_seen_subcommand_from log pending verify help" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and not __fish_seen_subcommand_from log pending verify help" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and not __fish_seen_subcommand_from log pending verify help" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and not __fish_seen_subcommand_from log pending verify help" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and not __fish_seen_subcommand_from log pending verify help" -f -a "log" -d 'Print what happened, oldest first'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and not __fish_seen_subcommand_from log pending verify help" -f -a "pending" -d 'List deliveries that were begun and not finished'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and not __fish_seen_subcommand_from log pending verify help" -f -a "verify" -d 'Verify the ledger\'s hash chain'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and not __fish_seen_subcommand_from log pending verify help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from log" -l last -d 'Only the last N rows' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from log" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from log" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from log" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from log" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from log" -l csv -d 'Print CSV, all columns, for spreadsheets'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from log" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from log" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from log" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from log" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from log" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from log" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from pending" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from pending" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from pending" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from pending" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from pending" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from pending" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from pending" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from pending" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from pending" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from pending" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from verify" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from verify" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from verify" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from verify" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from verify" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from verify" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from verify" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from verify" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from verify" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from verify" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from help" -f -a "log" -d 'Print what happened, oldest first'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from help" -f -a "pending" -d 'List deliveries that were begun and not finished'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from help" -f -a "verify" -d 'Verify the ledger\'s hash chain'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c firstlight -n "__fish_firstlight_using_subcommand doctor" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand doctor" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand doctor" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand doctor" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand doctor" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand doctor" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand doctor" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand doctor" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand doctor" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand doctor" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand schema" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand schema" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand schema" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand schema" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand schema" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand schema" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand schema" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand schema" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand schema" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand schema" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c firstlight -n "__fish_firstlight_using_subcommand completions" -l all -d 'Write the files for bash, zsh and fish into DIR instead' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand completions" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand completions" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand completions" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand completions" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand completions" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand completions" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand completions" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand completions" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand completions" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand completions" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand man" -l all -d 'Write the pages of all commands into DIR instead' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand man" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand man" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand man" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand man" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand man" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand man" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand man" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand man" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand man" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand man" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal recipe trust serve token approval backup restore issue render write flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "init" -d 'Set up a fleet that works at once'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal recipe trust serve token approval backup restore issue render write flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "check" -d 'Check the fleet file, the inventory and the templates'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal recipe trust serve token approval backup restore issue render write flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "ca" -d 'Make, show or export the fleet\'s certificate authority'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal recipe trust serve token approval backup restore issue render write flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "seal" -d 'Show, change and export the keys that seal bundles'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal recipe trust serve token approval backup restore issue render write flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "recipe" -d 'Sign and check lock recipes: steps that cannot be taken back'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal recipe trust serve token approval backup restore issue render write flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "trust" -d 'Allow this fleet\'s programs (vendor programmers, hooks), by digest'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal recipe trust serve token approval backup restore issue render write flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "serve" -d 'Serve the registry: devices register by themselves'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal recipe trust serve token approval backup restore issue render write flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "token" -d 'Make, list and revoke tokens of devices and of people'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal recipe trust serve token approval backup restore issue render write flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "approval" -d 'Decide about devices that wait for a person'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal recipe trust serve token approval backup restore issue render write flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "backup" -d 'Save keys and records to one encrypted file'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal recipe trust serve token approval backup restore issue render write flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "restore" -d 'Bring keys and records back from a backup'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal recipe trust serve token approval backup restore issue render write flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "issue" -d 'Issue the credentials of devices'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal recipe trust serve token approval backup restore issue render write flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "render" -d 'Render bootstrap bundles as plain files'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal recipe trust serve token approval backup restore issue render write flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "write" -d 'Write bootstrap media: image files, folders, sticks, cards'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal recipe trust serve token approval backup restore issue render write flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "flash" -d 'Write per-device data into chips through a programmer'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal recipe trust serve token approval backup restore issue render write flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "station" -d 'The technician\'s screen: unit after unit, several slots side by side'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal recipe trust serve token approval backup restore issue render write flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "batch" -d 'Open and close batches: frozen inputs, a signed report'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal recipe trust serve token approval backup restore issue render write flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "label" -d 'Write a finished device\'s label once more'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal recipe trust serve token approval backup restore issue render write flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "client" -d 'Take bundles from media, on the device itself'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal recipe trust serve token approval backup restore issue render write flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "media" -d 'List drives; look at media and verify them'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal recipe trust serve token approval backup restore issue render write flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "programmers" -d 'List programmers and boot loaders on USB'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal recipe trust serve token approval backup restore issue render write flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "devices" -d 'List devices, show their records, retire them'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal recipe trust serve token approval backup restore issue render write flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "ledger" -d 'Read and verify what this station did'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal recipe trust serve token approval backup restore issue render write flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "doctor" -d 'Check this machine, each fault with its fix'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal recipe trust serve token approval backup restore issue render write flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "schema" -d 'Print the JSON Schema of the fleet file'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal recipe trust serve token approval backup restore issue render write flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "completions" -d 'Print completions for a shell'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal recipe trust serve token approval backup restore issue render write flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "man" -d 'Print manual pages'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal recipe trust serve token approval backup restore issue render write flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from ca" -f -a "init" -d 'Make the authority and pin it in fleet.lock'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from ca" -f -a "show" -d 'Show the authority, its validity and how its key is protected'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from ca" -f -a "export" -d 'Print the authority\'s certificates as PEM'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from seal" -f -a "show" -d 'Show the bundle keys and batch keys'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from seal" -f -a "rotate" -d 'Make a new bundle key; the old ones sign too until they are retired'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from seal" -f -a "retire" -d 'Let a bundle key sign no more'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from seal" -f -a "export" -d 'Write what a device image needs to check and open bundles'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from seal" -f -a "batch" -d 'Make a batch key, to be baked into device images'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from recipe" -f -a "sign" -d 'Sign a recipe with the fleet\'s bundle key'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from recipe" -f -a "check" -d 'Check a recipe and its signature'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from token" -f -a "new" -d 'Make a token; it is shown once and stored as a digest only'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from token" -f -a "list" -d 'List tokens'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from token" -f -a "revoke" -d 'Revoke a token'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from approval" -f -a "list" -d 'List registrations that wait'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from approval" -f -a "approve" -d 'Agree to a registration'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from approval" -f -a "deny" -d 'Deny a registration'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from batch" -f -a "open" -d 'Open a batch: freeze fleet, inventory, templates, authority, recipes, tool'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from batch" -f -a "close" -d 'Close the open batch with a signed report'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from batch" -f -a "show" -d 'Show a batch with its counts, or all of them'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from client" -f -a "ingest" -d 'Take the bundle for this device from a medium, or let the copy serve'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from client" -f -a "register" -d 'Register this device with the server its bundle names'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from client" -f -a "status" -d 'Show what is in force, whom this device trusts, what came last'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from client" -f -a "forget" -d 'Take the bundle in force away and restore what was before it'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from media" -f -a "list" -d 'List drives, each with our verdict and its reasons'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from media" -f -a "erase" -d 'Make every byte of a drive zero and read it back'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from media" -f -a "inspect" -d 'Show what is on a medium or in an image, without its secrets'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from media" -f -a "verify" -d 'Compare a medium with its manifest'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from programmers" -f -a "list" -d 'List programmers and boot loaders on USB, each with its port'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from programmers" -f -a "rule" -d 'Print the udev rule that lets a technician open them'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from devices" -f -a "list" -d 'List devices and where each stands'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from devices" -f -a "show" -d 'Show all records of a device'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from devices" -f -a "why" -d 'Say why a device stands where it does, and what comes next'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from devices" -f -a "retire" -d 'Retire a device: its credentials become void'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from ledger" -f -a "log" -d 'Print what happened, oldest first'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from ledger" -f -a "pending" -d 'List deliveries that were begun and not finished'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from ledger" -f -a "verify" -d 'Verify the ledger\'s hash chain'
