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
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "keys" -d 'Bring the pre-shared keys of devices to a server of its own'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "recipe" -d 'Sign and check lock recipes: steps that cannot be taken back'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "trust" -d 'Allow this fleet\'s programs (vendor programmers, hooks), by digest'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "serve" -d 'Serve the registry: devices register by themselves'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "rollout" -d 'Many devices take a changed configuration, paced'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "token" -d 'Make, list and revoke tokens of devices and of people'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "acl" -d 'Show what registered devices may publish and read, as mosquitto takes it'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "group" -d 'Enrolment groups, their allow lists, and the block list'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "bootstrap" -d 'Remote Bootstrap of LwM2M: foretell it, ask for it, find out what failed'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "policy" -d 'What the rules of enrolment would decide'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "approval" -d 'Decide about devices that wait for a person'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "model" -d 'Models: what kinds of devices there are, and which device is which'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "backup" -d 'Save keys and records to one encrypted file'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "restore" -d 'Bring keys and records back from a backup'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "issue" -d 'Issue the credentials of devices'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "generate" -d 'Issue the credentials of devices'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "render" -d 'Render bootstrap bundles as plain files'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "write" -d 'Write bootstrap media: image files, folders, sticks, cards'
complete -c firstlight -n "__fish_firstlight_needs_command" -f -a "card" -d 'Write, read and verify smartcards with LwM2M bootstrap information'
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
complete -c firstlight -n "__fish_firstlight_using_subcommand keys; and not __fish_seen_subcommand_from export push open help" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand keys; and not __fish_seen_subcommand_from export push open help" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand keys; and not __fish_seen_subcommand_from export push open help" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand keys; and not __fish_seen_subcommand_from export push open help" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand keys; and not __fish_seen_subcommand_from export push open help" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand keys; and not __fish_seen_subcommand_from export push open help" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand keys; and not __fish_seen_subcommand_from export push open help" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand keys; and not __fish_seen_subcommand_from export push open help" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand keys; and not __fish_seen_subcommand_from export push open help" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand keys; and not __fish_seen_subcommand_from export push open help" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand keys; and not __fish_seen_subcommand_from export push open help" -f -a "export" -d 'Write the keys that a server needs, wrapped to it and signed'
complete -c firstlight -n "__fish_firstlight_using_subcommand keys; and not __fish_seen_subcommand_from export push open help" -f -a "push" -d 'Send the same file to a server\'s address'
complete -c firstlight -n "__fish_firstlight_using_subcommand keys; and not __fish_seen_subcommand_from export push open help" -f -a "open" -d 'On the server: check the file and open its keys'
complete -c firstlight -n "__fish_firstlight_using_subcommand keys; and not __fish_seen_subcommand_from export push open help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c firstlight -n "__fish_firstlight_using_subcommand keys; and __fish_seen_subcommand_from export" -l out -d 'Into this file; its signatures lie beside it, as FILE.minisig' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand keys; and __fish_seen_subcommand_from export" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand keys; and __fish_seen_subcommand_from export" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand keys; and __fish_seen_subcommand_from export" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand keys; and __fish_seen_subcommand_from export" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand keys; and __fish_seen_subcommand_from export" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand keys; and __fish_seen_subcommand_from export" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand keys; and __fish_seen_subcommand_from export" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand keys; and __fish_seen_subcommand_from export" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand keys; and __fish_seen_subcommand_from export" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand keys; and __fish_seen_subcommand_from export" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand keys; and __fish_seen_subcommand_from push" -l to -d 'Where it takes them: the file comes as the body of a PUT' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand keys; and __fish_seen_subcommand_from push" -l roots -d 'Believe these certificates (PEM); the fleet\'s own root without' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand keys; and __fish_seen_subcommand_from push" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand keys; and __fish_seen_subcommand_from push" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand keys; and __fish_seen_subcommand_from push" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand keys; and __fish_seen_subcommand_from push" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand keys; and __fish_seen_subcommand_from push" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand keys; and __fish_seen_subcommand_from push" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand keys; and __fish_seen_subcommand_from push" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand keys; and __fish_seen_subcommand_from push" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand keys; and __fish_seen_subcommand_from push" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand keys; and __fish_seen_subcommand_from push" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand keys; and __fish_seen_subcommand_from open" -l signature -d 'Its signature; FILE.minisig without' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand keys; and __fish_seen_subcommand_from open" -l identity -d 'The server\'s own age identity' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand keys; and __fish_seen_subcommand_from open" -l trusted -d 'A bundle key of the fleet (minisign\'s format); once for each' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand keys; and __fish_seen_subcommand_from open" -l newer-than -d 'Refuse a file that was made before this time (RFC 3339)' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand keys; and __fish_seen_subcommand_from open" -l form -d 'How the keys are written' -r -f -a "psk\t'IDENTITY:HEX a line, as GnuTLS reads it'
lines\t'One JSON object a line'"
complete -c firstlight -n "__fish_firstlight_using_subcommand keys; and __fish_seen_subcommand_from open" -l out -d 'Into this file (0600), which is replaced' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand keys; and __fish_seen_subcommand_from open" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand keys; and __fish_seen_subcommand_from open" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand keys; and __fish_seen_subcommand_from open" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand keys; and __fish_seen_subcommand_from open" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand keys; and __fish_seen_subcommand_from open" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand keys; and __fish_seen_subcommand_from open" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand keys; and __fish_seen_subcommand_from open" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand keys; and __fish_seen_subcommand_from open" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand keys; and __fish_seen_subcommand_from open" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand keys; and __fish_seen_subcommand_from open" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c firstlight -n "__fish_firstlight_using_subcommand keys; and __fish_seen_subcommand_from help" -f -a "export" -d 'Write the keys that a server needs, wrapped to it and signed'
complete -c firstlight -n "__fish_firstlight_using_subcommand keys; and __fish_seen_subcommand_from help" -f -a "push" -d 'Send the same file to a server\'s address'
complete -c firstlight -n "__fish_firstlight_using_subcommand keys; and __fish_seen_subcommand_from help" -f -a "open" -d 'On the server: check the file and open its keys'
complete -c firstlight -n "__fish_firstlight_using_subcommand keys; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
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
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and not __fish_seen_subcommand_from start status pause resume back help" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and not __fish_seen_subcommand_from start status pause resume back help" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and not __fish_seen_subcommand_from start status pause resume back help" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and not __fish_seen_subcommand_from start status pause resume back help" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and not __fish_seen_subcommand_from start status pause resume back help" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and not __fish_seen_subcommand_from start status pause resume back help" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and not __fish_seen_subcommand_from start status pause resume back help" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and not __fish_seen_subcommand_from start status pause resume back help" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and not __fish_seen_subcommand_from start status pause resume back help" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and not __fish_seen_subcommand_from start status pause resume back help" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and not __fish_seen_subcommand_from start status pause resume back help" -f -a "start" -d 'Begin to bootstrap devices anew whose configuration changed'
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and not __fish_seen_subcommand_from start status pause resume back help" -f -a "status" -d 'Say how the last rollout stands, and what a new one would do'
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and not __fish_seen_subcommand_from start status pause resume back help" -f -a "pause" -d 'Start no further device'
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and not __fish_seen_subcommand_from start status pause resume back help" -f -a "resume" -d 'Go on'
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and not __fish_seen_subcommand_from start status pause resume back help" -f -a "back" -d 'Bring devices that were started back to the former configuration'
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and not __fish_seen_subcommand_from start status pause resume back help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from start" -l pace -d 'Devices started in a minute, and most under way at a time' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from start" -l canary -d 'How many go first, alone' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from start" -l stop -d 'Stop at so many percent of failures; 0 for the first one' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from start" -l via -d 'How the devices are told' -r -f -a "registration\t'Over its registration at the management server of `serve` (LwM2M 1.1)'
webhook\t'By your own management server, which is told by webhook'
push\t'By beginning without being asked (LwM2M 1.0)'"
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from start" -l until -d 'What ends a device\'s part well' -r -f -a "finish\t'The device took its configuration'
registration\t'It then registered at the management server of `serve`'"
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from start" -l within -d 'How long a device has, such as 10m, 1h' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from start" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from start" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from start" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from start" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from start" -l all -d 'All devices of the inventory'
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from start" -l hold -d 'Pause after the canary: go on with `rollout resume`'
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from start" -l again -d 'Also devices that have the configuration already: for new credentials'
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from start" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from start" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from start" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from start" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from start" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from start" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from status" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from status" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from status" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from status" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from status" -l devices -d 'List its devices'
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from status" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from status" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from status" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from status" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from status" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from pause" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from pause" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from pause" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from pause" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from pause" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from pause" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from pause" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from pause" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from pause" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from pause" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from resume" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from resume" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from resume" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from resume" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from resume" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from resume" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from resume" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from resume" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from resume" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from resume" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from back" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from back" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from back" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from back" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from back" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from back" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from back" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from back" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from back" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from back" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from help" -f -a "start" -d 'Begin to bootstrap devices anew whose configuration changed'
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from help" -f -a "status" -d 'Say how the last rollout stands, and what a new one would do'
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from help" -f -a "pause" -d 'Start no further device'
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from help" -f -a "resume" -d 'Go on'
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from help" -f -a "back" -d 'Bring devices that were started back to the former configuration'
complete -c firstlight -n "__fish_firstlight_using_subcommand rollout; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
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
complete -c firstlight -n "__fish_firstlight_using_subcommand acl" -l out -d 'Write it to this file, replaced as a whole, instead of standard output' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand acl" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand acl" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand acl" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand acl" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand acl" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand acl" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand acl" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand acl" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand acl" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand acl" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and not __fish_seen_subcommand_from list show allow disallow allowed block unblock blocked help" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and not __fish_seen_subcommand_from list show allow disallow allowed block unblock blocked help" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and not __fish_seen_subcommand_from list show allow disallow allowed block unblock blocked help" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and not __fish_seen_subcommand_from list show allow disallow allowed block unblock blocked help" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and not __fish_seen_subcommand_from list show allow disallow allowed block unblock blocked help" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and not __fish_seen_subcommand_from list show allow disallow allowed block unblock blocked help" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and not __fish_seen_subcommand_from list show allow disallow allowed block unblock blocked help" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and not __fish_seen_subcommand_from list show allow disallow allowed block unblock blocked help" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and not __fish_seen_subcommand_from list show allow disallow allowed block unblock blocked help" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and not __fish_seen_subcommand_from list show allow disallow allowed block unblock blocked help" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and not __fish_seen_subcommand_from list show allow disallow allowed block unblock blocked help" -f -a "list" -d 'List enrolment groups and how full they are'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and not __fish_seen_subcommand_from list show allow disallow allowed block unblock blocked help" -f -a "show" -d 'Show what a group asks and how it is used'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and not __fish_seen_subcommand_from list show allow disallow allowed block unblock blocked help" -f -a "allow" -d 'Put devices on a group\'s allow list'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and not __fish_seen_subcommand_from list show allow disallow allowed block unblock blocked help" -f -a "disallow" -d 'Take devices off a group\'s allow list'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and not __fish_seen_subcommand_from list show allow disallow allowed block unblock blocked help" -f -a "allowed" -d 'List a group\'s allow list'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and not __fish_seen_subcommand_from list show allow disallow allowed block unblock blocked help" -f -a "block" -d 'Block devices, whatever they prove'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and not __fish_seen_subcommand_from list show allow disallow allowed block unblock blocked help" -f -a "unblock" -d 'Take devices off the block list'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and not __fish_seen_subcommand_from list show allow disallow allowed block unblock blocked help" -f -a "blocked" -d 'List blocked devices'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and not __fish_seen_subcommand_from list show allow disallow allowed block unblock blocked help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from list" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from list" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from list" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from list" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from list" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from list" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from list" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from show" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from show" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from show" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from show" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from show" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from show" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from show" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from allow" -l file -d 'The devices of this file; `-` is standard input' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from allow" -l form -d 'How the file is written; by its name without' -r -f -a "list\t'An id a line'
lines\t'One JSON object a line'
csv\t'CSV with a header'"
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from allow" -l uses -d 'How often each may register; any number of times without' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from allow" -l days -d 'For how many days the entries are good; for ever without' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from allow" -l attribute -d 'An attribute that each gets; once for each' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from allow" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from allow" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from allow" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from allow" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from allow" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from allow" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from allow" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from allow" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from allow" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from allow" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from disallow" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from disallow" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from disallow" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from disallow" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from disallow" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from disallow" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from disallow" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from disallow" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from disallow" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from disallow" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from allowed" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from allowed" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from allowed" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from allowed" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from allowed" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from allowed" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from allowed" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from allowed" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from allowed" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from allowed" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from block" -l reason -d 'Why, for the audit trail' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from block" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from block" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from block" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from block" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from block" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from block" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from block" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from block" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from block" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from block" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from unblock" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from unblock" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from unblock" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from unblock" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from unblock" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from unblock" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from unblock" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from unblock" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from unblock" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from unblock" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from blocked" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from blocked" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from blocked" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from blocked" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from blocked" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from blocked" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from blocked" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from blocked" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from blocked" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from blocked" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from help" -f -a "list" -d 'List enrolment groups and how full they are'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show what a group asks and how it is used'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from help" -f -a "allow" -d 'Put devices on a group\'s allow list'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from help" -f -a "disallow" -d 'Take devices off a group\'s allow list'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from help" -f -a "allowed" -d 'List a group\'s allow list'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from help" -f -a "block" -d 'Block devices, whatever they prove'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from help" -f -a "unblock" -d 'Take devices off the block list'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from help" -f -a "blocked" -d 'List blocked devices'
complete -c firstlight -n "__fish_firstlight_using_subcommand group; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and not __fish_seen_subcommand_from explain replay doctor trigger help" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and not __fish_seen_subcommand_from explain replay doctor trigger help" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and not __fish_seen_subcommand_from explain replay doctor trigger help" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and not __fish_seen_subcommand_from explain replay doctor trigger help" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and not __fish_seen_subcommand_from explain replay doctor trigger help" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and not __fish_seen_subcommand_from explain replay doctor trigger help" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and not __fish_seen_subcommand_from explain replay doctor trigger help" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and not __fish_seen_subcommand_from explain replay doctor trigger help" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and not __fish_seen_subcommand_from explain replay doctor trigger help" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and not __fish_seen_subcommand_from explain replay doctor trigger help" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and not __fish_seen_subcommand_from explain replay doctor trigger help" -f -a "explain" -d 'Say what a device would be told, message by message; without a network'
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and not __fish_seen_subcommand_from explain replay doctor trigger help" -f -a "replay" -d 'Tell a recorded bootstrap step by step beside what would be said now'
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and not __fish_seen_subcommand_from explain replay doctor trigger help" -f -a "doctor" -d 'Say why a device does not get through its bootstrap'
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and not __fish_seen_subcommand_from explain replay doctor trigger help" -f -a "trigger" -d 'Have devices ask the bootstrap server anew'
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and not __fish_seen_subcommand_from explain replay doctor trigger help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and __fish_seen_subcommand_from explain" -l client -d 'Version of the client\'s LwM2M' -r -f -a "1.0\t'TLV, no Read'
1.1\t'SenML, Read'
1.2\t'LwM2M CBOR, Bootstrap-Pack'"
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and __fish_seen_subcommand_from explain" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and __fish_seen_subcommand_from explain" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and __fish_seen_subcommand_from explain" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and __fish_seen_subcommand_from explain" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and __fish_seen_subcommand_from explain" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and __fish_seen_subcommand_from explain" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and __fish_seen_subcommand_from explain" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and __fish_seen_subcommand_from explain" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and __fish_seen_subcommand_from explain" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and __fish_seen_subcommand_from explain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and __fish_seen_subcommand_from replay" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and __fish_seen_subcommand_from replay" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and __fish_seen_subcommand_from replay" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and __fish_seen_subcommand_from replay" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and __fish_seen_subcommand_from replay" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and __fish_seen_subcommand_from replay" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and __fish_seen_subcommand_from replay" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and __fish_seen_subcommand_from replay" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and __fish_seen_subcommand_from replay" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and __fish_seen_subcommand_from replay" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and __fish_seen_subcommand_from doctor" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and __fish_seen_subcommand_from doctor" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and __fish_seen_subcommand_from doctor" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and __fish_seen_subcommand_from doctor" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and __fish_seen_subcommand_from doctor" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and __fish_seen_subcommand_from doctor" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and __fish_seen_subcommand_from doctor" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and __fish_seen_subcommand_from doctor" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and __fish_seen_subcommand_from doctor" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and __fish_seen_subcommand_from doctor" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and __fish_seen_subcommand_from trigger" -l via -d 'How the devices are told' -r -f -a "registration\t'Over its registration at the management server of `serve` (LwM2M 1.1)'
webhook\t'By your own management server, which is told by webhook'
push\t'By beginning without being asked (LwM2M 1.0)'"
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and __fish_seen_subcommand_from trigger" -l to -d 'Where the device is, for a push; where the registry has it, without' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and __fish_seen_subcommand_from trigger" -l at -d 'Not before this time, such as 2030-01-31T02:00:00Z' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and __fish_seen_subcommand_from trigger" -l within -d 'How long a device has, such as 30s, 10m, 1h' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and __fish_seen_subcommand_from trigger" -l until -d 'What ends it well' -r -f -a "finish\t'The device took its configuration'
registration\t'It then registered at the management server of `serve`'"
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and __fish_seen_subcommand_from trigger" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and __fish_seen_subcommand_from trigger" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and __fish_seen_subcommand_from trigger" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and __fish_seen_subcommand_from trigger" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and __fish_seen_subcommand_from trigger" -l wait -d 'Wait until it has ended, and say how'
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and __fish_seen_subcommand_from trigger" -l cancel -d 'Take it back instead'
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and __fish_seen_subcommand_from trigger" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and __fish_seen_subcommand_from trigger" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and __fish_seen_subcommand_from trigger" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and __fish_seen_subcommand_from trigger" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and __fish_seen_subcommand_from trigger" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and __fish_seen_subcommand_from trigger" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and __fish_seen_subcommand_from help" -f -a "explain" -d 'Say what a device would be told, message by message; without a network'
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and __fish_seen_subcommand_from help" -f -a "replay" -d 'Tell a recorded bootstrap step by step beside what would be said now'
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and __fish_seen_subcommand_from help" -f -a "doctor" -d 'Say why a device does not get through its bootstrap'
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and __fish_seen_subcommand_from help" -f -a "trigger" -d 'Have devices ask the bootstrap server anew'
complete -c firstlight -n "__fish_firstlight_using_subcommand bootstrap; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c firstlight -n "__fish_firstlight_using_subcommand policy; and not __fish_seen_subcommand_from test help" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand policy; and not __fish_seen_subcommand_from test help" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand policy; and not __fish_seen_subcommand_from test help" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand policy; and not __fish_seen_subcommand_from test help" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand policy; and not __fish_seen_subcommand_from test help" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand policy; and not __fish_seen_subcommand_from test help" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand policy; and not __fish_seen_subcommand_from test help" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand policy; and not __fish_seen_subcommand_from test help" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand policy; and not __fish_seen_subcommand_from test help" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand policy; and not __fish_seen_subcommand_from test help" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand policy; and not __fish_seen_subcommand_from test help" -f -a "test" -d 'Say what would become of a registration, and why; nothing is stored'
complete -c firstlight -n "__fish_firstlight_using_subcommand policy; and not __fish_seen_subcommand_from test help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c firstlight -n "__fish_firstlight_using_subcommand policy; and __fish_seen_subcommand_from test" -l proof -d 'The proof that the device is taken to bring; the group\'s first without' -r -f -a "token\t'A token'
x509\t'A client certificate'
claim\t'A claim by a derived key'
jwt\t'A signed JWT'
found\t'None: `devices scan` found it'"
complete -c firstlight -n "__fish_firstlight_using_subcommand policy; and __fish_seen_subcommand_from test" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand policy; and __fish_seen_subcommand_from test" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand policy; and __fish_seen_subcommand_from test" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand policy; and __fish_seen_subcommand_from test" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand policy; and __fish_seen_subcommand_from test" -l no-hooks -d 'Do not ask the group\'s own check'
complete -c firstlight -n "__fish_firstlight_using_subcommand policy; and __fish_seen_subcommand_from test" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand policy; and __fish_seen_subcommand_from test" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand policy; and __fish_seen_subcommand_from test" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand policy; and __fish_seen_subcommand_from test" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand policy; and __fish_seen_subcommand_from test" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand policy; and __fish_seen_subcommand_from test" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c firstlight -n "__fish_firstlight_using_subcommand policy; and __fish_seen_subcommand_from help" -f -a "test" -d 'Say what would become of a registration, and why; nothing is stored'
complete -c firstlight -n "__fish_firstlight_using_subcommand policy; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
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
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and not __fish_seen_subcommand_from list show check import publish deprecate diff export rules assign instances approve dismiss rollback help" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and not __fish_seen_subcommand_from list show check import publish deprecate diff export rules assign instances approve dismiss rollback help" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and not __fish_seen_subcommand_from list show check import publish deprecate diff export rules assign instances approve dismiss rollback help" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and not __fish_seen_subcommand_from list show check import publish deprecate diff export rules assign instances approve dismiss rollback help" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and not __fish_seen_subcommand_from list show check import publish deprecate diff export rules assign instances approve dismiss rollback help" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and not __fish_seen_subcommand_from list show check import publish deprecate diff export rules assign instances approve dismiss rollback help" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and not __fish_seen_subcommand_from list show check import publish deprecate diff export rules assign instances approve dismiss rollback help" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and not __fish_seen_subcommand_from list show check import publish deprecate diff export rules assign instances approve dismiss rollback help" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and not __fish_seen_subcommand_from list show check import publish deprecate diff export rules assign instances approve dismiss rollback help" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and not __fish_seen_subcommand_from list show check import publish deprecate diff export rules assign instances approve dismiss rollback help" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and not __fish_seen_subcommand_from list show check import publish deprecate diff export rules assign instances approve dismiss rollback help" -f -a "list" -d 'List models and their versions'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and not __fish_seen_subcommand_from list show check import publish deprecate diff export rules assign instances approve dismiss rollback help" -f -a "show" -d 'Show a model'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and not __fish_seen_subcommand_from list show check import publish deprecate diff export rules assign instances approve dismiss rollback help" -f -a "check" -d 'Check model files: nothing is stored'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and not __fish_seen_subcommand_from list show check import publish deprecate diff export rules assign instances approve dismiss rollback help" -f -a "import" -d 'Publish models of files: short YAML, Thing Models, LwM2M objects'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and not __fish_seen_subcommand_from list show check import publish deprecate diff export rules assign instances approve dismiss rollback help" -f -a "publish" -d 'Publish the fleet\'s models, or release or restore a version'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and not __fish_seen_subcommand_from list show check import publish deprecate diff export rules assign instances approve dismiss rollback help" -f -a "deprecate" -d 'Deprecate a version: devices get it no more, who has it keeps it'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and not __fish_seen_subcommand_from list show check import publish deprecate diff export rules assign instances approve dismiss rollback help" -f -a "diff" -d 'Compare two versions; fails if the number does not match the change'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and not __fish_seen_subcommand_from list show check import publish deprecate diff export rules assign instances approve dismiss rollback help" -f -a "export" -d 'Write a model or a device for others'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and not __fish_seen_subcommand_from list show check import publish deprecate diff export rules assign instances approve dismiss rollback help" -f -a "rules" -d 'Rules: which device gets which model'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and not __fish_seen_subcommand_from list show check import publish deprecate diff export rules assign instances approve dismiss rollback help" -f -a "assign" -d 'Give a device a model by hand'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and not __fish_seen_subcommand_from list show check import publish deprecate diff export rules assign instances approve dismiss rollback help" -f -a "instances" -d 'Show the model instances of a device, or what waits for a person'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and not __fish_seen_subcommand_from list show check import publish deprecate diff export rules assign instances approve dismiss rollback help" -f -a "approve" -d 'Approve the model that is proposed for a device'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and not __fish_seen_subcommand_from list show check import publish deprecate diff export rules assign instances approve dismiss rollback help" -f -a "dismiss" -d 'Dismiss the model that is proposed for a device'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and not __fish_seen_subcommand_from list show check import publish deprecate diff export rules assign instances approve dismiss rollback help" -f -a "rollback" -d 'Go back to the model a device had before'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and not __fish_seen_subcommand_from list show check import publish deprecate diff export rules assign instances approve dismiss rollback help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from list" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from list" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from list" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from list" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from list" -l quarantined -d 'Only models that devices brought and nobody published yet'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from list" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from list" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from list" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from show" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from show" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from show" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from show" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from show" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from show" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from show" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from check" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from check" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from check" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from check" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from check" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from check" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from check" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from check" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from check" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from import" -l format -d 'What the file is written in; told by its first letter without' -r -f -a "short\t'Short YAML'
wot\t'A Thing Model'
ddf\t'LwM2M object definitions (OMA DDF)'"
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from import" -l name -d 'The model\'s name, where the file has none of ours' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from import" -l model-version -d 'The model\'s version, where the file has none of ours' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from import" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from import" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from import" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from import" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from import" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from import" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from import" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from import" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from import" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from import" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from publish" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from publish" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from publish" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from publish" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from publish" -l no-reassign -d 'Leave devices as they are; without, all are looked at anew'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from publish" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from publish" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from publish" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from publish" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from publish" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from publish" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from deprecate" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from deprecate" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from deprecate" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from deprecate" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from deprecate" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from deprecate" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from deprecate" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from deprecate" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from deprecate" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from deprecate" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from diff" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from diff" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from diff" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from diff" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from diff" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from diff" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from diff" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from diff" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from diff" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from diff" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from export" -l device -d 'The Thing Description of this device' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from export" -l as -d 'How it is written' -r -f -a "wot\t'The Thing Model as it was published'
resolved\t'The Thing Model with all that it extends'
short\t'Short YAML'
ddf\t'An LwM2M object definition (OMA DDF)'"
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from export" -l to -d 'Write to this file instead of standard output' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from export" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from export" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from export" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from export" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from export" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from export" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from export" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from export" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from export" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from export" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from rules" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from rules" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from rules" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from rules" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from rules" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from rules" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from rules" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from rules" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from rules" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from rules" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from rules" -f -a "list" -d 'List the rules, those of the fleet file and those set by hand'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from rules" -f -a "set" -d 'Set a rule beside those of the fleet file'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from rules" -f -a "remove" -d 'Take a rule away that was set by hand'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from rules" -f -a "explain" -d 'Say how each rule fares with a device'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from rules" -f -a "apply" -d 'Look at all devices anew'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from rules" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from assign" -l values -d 'Values of the instance, a JSON object' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from assign" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from assign" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from assign" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from assign" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from assign" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from assign" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from assign" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from assign" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from assign" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from assign" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from instances" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from instances" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from instances" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from instances" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from instances" -l proposed -d 'What waits for a person, of all devices'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from instances" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from instances" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from instances" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from instances" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from instances" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from instances" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from approve" -l migration -d 'A migration file; without, the one of the fleet\'s folder that fits' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from approve" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from approve" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from approve" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from approve" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from approve" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from approve" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from approve" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from approve" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from approve" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from approve" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from dismiss" -l reason -d 'Why, for the audit trail' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from dismiss" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from dismiss" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from dismiss" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from dismiss" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from dismiss" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from dismiss" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from dismiss" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from dismiss" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from dismiss" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from dismiss" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from rollback" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from rollback" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from rollback" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from rollback" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from rollback" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from rollback" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from rollback" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from rollback" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from rollback" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from rollback" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from help" -f -a "list" -d 'List models and their versions'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show a model'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from help" -f -a "check" -d 'Check model files: nothing is stored'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from help" -f -a "import" -d 'Publish models of files: short YAML, Thing Models, LwM2M objects'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from help" -f -a "publish" -d 'Publish the fleet\'s models, or release or restore a version'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from help" -f -a "deprecate" -d 'Deprecate a version: devices get it no more, who has it keeps it'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from help" -f -a "diff" -d 'Compare two versions; fails if the number does not match the change'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from help" -f -a "export" -d 'Write a model or a device for others'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from help" -f -a "rules" -d 'Rules: which device gets which model'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from help" -f -a "assign" -d 'Give a device a model by hand'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from help" -f -a "instances" -d 'Show the model instances of a device, or what waits for a person'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from help" -f -a "approve" -d 'Approve the model that is proposed for a device'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from help" -f -a "dismiss" -d 'Dismiss the model that is proposed for a device'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from help" -f -a "rollback" -d 'Go back to the model a device had before'
complete -c firstlight -n "__fish_firstlight_using_subcommand model; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c firstlight -n "__fish_firstlight_using_subcommand backup" -l recipient -d 'Encrypt to this age recipient instead of a passphrase' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand backup" -l station -d 'Save what a further station of this name needs instead: own keys, an empty ledger' -r
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
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and not __fish_seen_subcommand_from write read verify help" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and not __fish_seen_subcommand_from write read verify help" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and not __fish_seen_subcommand_from write read verify help" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and not __fish_seen_subcommand_from write read verify help" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and not __fish_seen_subcommand_from write read verify help" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and not __fish_seen_subcommand_from write read verify help" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and not __fish_seen_subcommand_from write read verify help" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and not __fish_seen_subcommand_from write read verify help" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and not __fish_seen_subcommand_from write read verify help" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and not __fish_seen_subcommand_from write read verify help" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and not __fish_seen_subcommand_from write read verify help" -f -a "write" -d 'Write a device\'s LwM2M bootstrap information onto a card, and read it back'
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and not __fish_seen_subcommand_from write read verify help" -f -a "read" -d 'Show the bootstrap information of a card, without its secrets'
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and not __fish_seen_subcommand_from write read verify help" -f -a "verify" -d 'Compare a card with what was delivered on it'
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and not __fish_seen_subcommand_from write read verify help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and __fish_seen_subcommand_from write" -l to -d 'Which card: reader:, reader:NAME, file:PATH, script:PATH; {id} stands for the device' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and __fish_seen_subcommand_from write" -l delivery -d 'Which of the profile\'s deliveries, where there are several' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and __fish_seen_subcommand_from write" -l pin-file -d 'Take the card\'s PIN from this file' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and __fish_seen_subcommand_from write" -l pin-reference -d 'Which of the card\'s PINs it is [default: 1]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and __fish_seen_subcommand_from write" -l again -d 'Deliver again what is delivered, and why' -r -f -a "lost\t'The medium is gone: new credentials, the old ones are revoked'
damaged\t'The medium is broken and in our hands: the same credentials'
copy\t'One more of the same'"
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and __fish_seen_subcommand_from write" -l rework -d 'Give a card that is another device\'s to this one, and why' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and __fish_seen_subcommand_from write" -l accept-target -d 'Overwrite the card with this accept id, which a refusal named' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and __fish_seen_subcommand_from write" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and __fish_seen_subcommand_from write" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and __fish_seen_subcommand_from write" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and __fish_seen_subcommand_from write" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and __fish_seen_subcommand_from write" -l pin -d 'Ask for the card\'s PIN'
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and __fish_seen_subcommand_from write" -l printed-oid -d 'Name the directory entry as the example of the LwM2M specification prints it, for devices that look for that'
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and __fish_seen_subcommand_from write" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and __fish_seen_subcommand_from write" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and __fish_seen_subcommand_from write" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and __fish_seen_subcommand_from write" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and __fish_seen_subcommand_from write" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and __fish_seen_subcommand_from write" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and __fish_seen_subcommand_from read" -l pin-file -d 'Take the card\'s PIN from this file' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and __fish_seen_subcommand_from read" -l pin-reference -d 'Which of the card\'s PINs it is [default: 1]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and __fish_seen_subcommand_from read" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and __fish_seen_subcommand_from read" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and __fish_seen_subcommand_from read" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and __fish_seen_subcommand_from read" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and __fish_seen_subcommand_from read" -l pin -d 'Ask for the card\'s PIN'
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and __fish_seen_subcommand_from read" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and __fish_seen_subcommand_from read" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and __fish_seen_subcommand_from read" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and __fish_seen_subcommand_from read" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and __fish_seen_subcommand_from read" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and __fish_seen_subcommand_from read" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and __fish_seen_subcommand_from verify" -l pin-file -d 'Take the card\'s PIN from this file' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and __fish_seen_subcommand_from verify" -l pin-reference -d 'Which of the card\'s PINs it is [default: 1]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and __fish_seen_subcommand_from verify" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and __fish_seen_subcommand_from verify" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and __fish_seen_subcommand_from verify" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and __fish_seen_subcommand_from verify" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and __fish_seen_subcommand_from verify" -l pin -d 'Ask for the card\'s PIN'
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and __fish_seen_subcommand_from verify" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and __fish_seen_subcommand_from verify" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and __fish_seen_subcommand_from verify" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and __fish_seen_subcommand_from verify" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and __fish_seen_subcommand_from verify" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and __fish_seen_subcommand_from verify" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and __fish_seen_subcommand_from help" -f -a "write" -d 'Write a device\'s LwM2M bootstrap information onto a card, and read it back'
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and __fish_seen_subcommand_from help" -f -a "read" -d 'Show the bootstrap information of a card, without its secrets'
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and __fish_seen_subcommand_from help" -f -a "verify" -d 'Compare a card with what was delivered on it'
complete -c firstlight -n "__fish_firstlight_using_subcommand card; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
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
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and not __fish_seen_subcommand_from ingest register bootstrap report renew end status forget help" -l root -d 'The device\'s root folder, for making images and for tests; only root sets owners there' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and not __fish_seen_subcommand_from ingest register bootstrap report renew end status forget help" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and not __fish_seen_subcommand_from ingest register bootstrap report renew end status forget help" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and not __fish_seen_subcommand_from ingest register bootstrap report renew end status forget help" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and not __fish_seen_subcommand_from ingest register bootstrap report renew end status forget help" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and not __fish_seen_subcommand_from ingest register bootstrap report renew end status forget help" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and not __fish_seen_subcommand_from ingest register bootstrap report renew end status forget help" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and not __fish_seen_subcommand_from ingest register bootstrap report renew end status forget help" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and not __fish_seen_subcommand_from ingest register bootstrap report renew end status forget help" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and not __fish_seen_subcommand_from ingest register bootstrap report renew end status forget help" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and not __fish_seen_subcommand_from ingest register bootstrap report renew end status forget help" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and not __fish_seen_subcommand_from ingest register bootstrap report renew end status forget help" -f -a "ingest" -d 'Take the bundle for this device from a medium, or let the copy serve'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and not __fish_seen_subcommand_from ingest register bootstrap report renew end status forget help" -f -a "register" -d 'Register this device with the server its bundle names'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and not __fish_seen_subcommand_from ingest register bootstrap report renew end status forget help" -f -a "bootstrap" -d 'Fetch the bundle for this device from its server, and take it'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and not __fish_seen_subcommand_from ingest register bootstrap report renew end status forget help" -f -a "report" -d 'Tell the server this device\'s firmware and attributes as they are now'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and not __fish_seen_subcommand_from ingest register bootstrap report renew end status forget help" -f -a "renew" -d 'Have the certificate of this device renewed before it expires'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and not __fish_seen_subcommand_from ingest register bootstrap report renew end status forget help" -f -a "end" -d 'End the registration of this device'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and not __fish_seen_subcommand_from ingest register bootstrap report renew end status forget help" -f -a "status" -d 'Show what is in force, whom this device trusts, what came last'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and not __fish_seen_subcommand_from ingest register bootstrap report renew end status forget help" -f -a "forget" -d 'Take the bundle in force away and restore what was before it'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and not __fish_seen_subcommand_from ingest register bootstrap report renew end status forget help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
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
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from register" -l proxy -d 'Go through the proxy that the environment names (HTTPS_PROXY)'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from register" -l again -d 'Ask the server even if its answer is kept'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from register" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from register" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from register" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from register" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from register" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from register" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from bootstrap" -l config -d 'What the device was told of its registration [default: /etc/firstlight.d/registration.json]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from bootstrap" -l within -d 'How long to try, and to wait for a decision' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from bootstrap" -l root -d 'The device\'s root folder, for making images and for tests; only root sets owners there' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from bootstrap" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from bootstrap" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from bootstrap" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from bootstrap" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from bootstrap" -l proxy -d 'Go through the proxy that the environment names (HTTPS_PROXY)'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from bootstrap" -l now -d 'Try a bundle that could not prove itself at once, not at its next time'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from bootstrap" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from bootstrap" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from bootstrap" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from bootstrap" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from bootstrap" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from bootstrap" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from report" -l config -d 'What the device was told of its registration [default: /etc/firstlight.d/registration.json]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from report" -l within -d 'How long to try, and to wait for a decision' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from report" -l root -d 'The device\'s root folder, for making images and for tests; only root sets owners there' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from report" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from report" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from report" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from report" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from report" -l proxy -d 'Go through the proxy that the environment names (HTTPS_PROXY)'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from report" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from report" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from report" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from report" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from report" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from report" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from renew" -l config -d 'What the device was told of its registration [default: /etc/firstlight.d/registration.json]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from renew" -l within -d 'How long to try, and to wait for a decision' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from renew" -l root -d 'The device\'s root folder, for making images and for tests; only root sets owners there' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from renew" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from renew" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from renew" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from renew" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from renew" -l proxy -d 'Go through the proxy that the environment names (HTTPS_PROXY)'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from renew" -l now -d 'Renew though more than a third of its time is left'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from renew" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from renew" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from renew" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from renew" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from renew" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from renew" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from end" -l config -d 'What the device was told of its registration [default: /etc/firstlight.d/registration.json]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from end" -l within -d 'How long to try, and to wait for a decision' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from end" -l root -d 'The device\'s root folder, for making images and for tests; only root sets owners there' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from end" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from end" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from end" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from end" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from end" -l proxy -d 'Go through the proxy that the environment names (HTTPS_PROXY)'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from end" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from end" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from end" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from end" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from end" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from end" -s h -l help -d 'Print help'
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
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from help" -f -a "bootstrap" -d 'Fetch the bundle for this device from its server, and take it'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from help" -f -a "report" -d 'Tell the server this device\'s firmware and attributes as they are now'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from help" -f -a "renew" -d 'Have the certificate of this device renewed before it expires'
complete -c firstlight -n "__fish_firstlight_using_subcommand client; and __fish_seen_subcommand_from help" -f -a "end" -d 'End the registration of this device'
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
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and not __fish_seen_subcommand_from list search show why lease leases history add edit adopt import watch scan export verify copy retire help" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and not __fish_seen_subcommand_from list search show why lease leases history add edit adopt import watch scan export verify copy retire help" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and not __fish_seen_subcommand_from list search show why lease leases history add edit adopt import watch scan export verify copy retire help" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and not __fish_seen_subcommand_from list search show why lease leases history add edit adopt import watch scan export verify copy retire help" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and not __fish_seen_subcommand_from list search show why lease leases history add edit adopt import watch scan export verify copy retire help" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and not __fish_seen_subcommand_from list search show why lease leases history add edit adopt import watch scan export verify copy retire help" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and not __fish_seen_subcommand_from list search show why lease leases history add edit adopt import watch scan export verify copy retire help" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and not __fish_seen_subcommand_from list search show why lease leases history add edit adopt import watch scan export verify copy retire help" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and not __fish_seen_subcommand_from list search show why lease leases history add edit adopt import watch scan export verify copy retire help" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and not __fish_seen_subcommand_from list search show why lease leases history add edit adopt import watch scan export verify copy retire help" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and not __fish_seen_subcommand_from list search show why lease leases history add edit adopt import watch scan export verify copy retire help" -f -a "list" -d 'List devices and where each stands'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and not __fish_seen_subcommand_from list search show why lease leases history add edit adopt import watch scan export verify copy retire help" -f -a "search" -d 'Look for devices of the registry'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and not __fish_seen_subcommand_from list search show why lease leases history add edit adopt import watch scan export verify copy retire help" -f -a "show" -d 'Show all records of a device'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and not __fish_seen_subcommand_from list search show why lease leases history add edit adopt import watch scan export verify copy retire help" -f -a "why" -d 'Say why a device stands where it does, and what comes next'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and not __fish_seen_subcommand_from list search show why lease leases history add edit adopt import watch scan export verify copy retire help" -f -a "lease" -d 'Give devices to a station, which alone may make them'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and not __fish_seen_subcommand_from list search show why lease leases history add edit adopt import watch scan export verify copy retire help" -f -a "leases" -d 'List which station may make which devices'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and not __fish_seen_subcommand_from list search show why lease leases history add edit adopt import watch scan export verify copy retire help" -f -a "history" -d 'Say what happened to a device, oldest first'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and not __fish_seen_subcommand_from list search show why lease leases history add edit adopt import watch scan export verify copy retire help" -f -a "add" -d 'Register a device by hand, before it comes'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and not __fish_seen_subcommand_from list search show why lease leases history add edit adopt import watch scan export verify copy retire help" -f -a "edit" -d 'Change what the registry knows of a device'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and not __fish_seen_subcommand_from list search show why lease leases history add edit adopt import watch scan export verify copy retire help" -f -a "adopt" -d 'Take over devices of other tools, with their certificates'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and not __fish_seen_subcommand_from list search show why lease leases history add edit adopt import watch scan export verify copy retire help" -f -a "import" -d 'Bring devices into the registry before they come'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and not __fish_seen_subcommand_from list search show why lease leases history add edit adopt import watch scan export verify copy retire help" -f -a "watch" -d 'Take in the lists of devices that others drop into a folder'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and not __fish_seen_subcommand_from list search show why lease leases history add edit adopt import watch scan export verify copy retire help" -f -a "scan" -d 'Look for devices on the network, ask them, take them in'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and not __fish_seen_subcommand_from list search show why lease leases history add edit adopt import watch scan export verify copy retire help" -f -a "export" -d 'Write devices of the registry as JSON lines or CSV'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and not __fish_seen_subcommand_from list search show why lease leases history add edit adopt import watch scan export verify copy retire help" -f -a "verify" -d 'Verify the registry\'s audit trail'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and not __fish_seen_subcommand_from list search show why lease leases history add edit adopt import watch scan export verify copy retire help" -f -a "copy" -d 'Copy the whole registry into another store'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and not __fish_seen_subcommand_from list search show why lease leases history add edit adopt import watch scan export verify copy retire help" -f -a "retire" -d 'Retire a device: its credentials become void'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and not __fish_seen_subcommand_from list search show why lease leases history add edit adopt import watch scan export verify copy retire help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from list" -l profile -d 'Only devices that this station made by this profile' -r
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
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from search" -l after -d 'Go on after the device of this id: where the page before ended' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from search" -l limit -d 'End after NUMBER devices; all without' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from search" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from search" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from search" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from search" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from search" -l count -d 'Say how many there are, and no more'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from search" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from search" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from search" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from search" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from search" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from search" -s h -l help -d 'Print help'
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
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from lease" -l rows -d 'The devices in this file, one endpoint name a line' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from lease" -l count -d 'The next N of the inventory (or of the list) that nobody has' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from lease" -l station -d 'To this station [default: this one]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from lease" -l days -d 'For how many days' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from lease" -l quota -d 'Let the station hold at most so many leases at a time' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from lease" -l certificates -d 'Let the station issue at most so many certificates' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from lease" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from lease" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from lease" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from lease" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from lease" -l return -d 'Give leases back that were not used'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from lease" -l free -d 'Give devices free that a lost ledger may have made, and has not'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from lease" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from lease" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from lease" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from lease" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from lease" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from lease" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from leases" -l station -d 'Only this station\'s' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from leases" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from leases" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from leases" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from leases" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from leases" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from leases" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from leases" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from leases" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from leases" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from leases" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from history" -l last -d 'Only the last NUMBER rows' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from history" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from history" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from history" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from history" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from history" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from history" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from history" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from history" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from history" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from history" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from add" -l model -d 'Its model: sensor, sensor@1, sensor@1.2.0, or opaque' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from add" -l value -d 'A value of the model\'s; once for each' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from add" -l serial -d 'Its serial number' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from add" -l group -d 'Its enrolment group' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from add" -l vendor -d 'Its vendor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from add" -l hardware -d 'Its hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from add" -l firmware -d 'Its firmware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from add" -l address -d 'Where it is reached' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from add" -l attribute -d 'An attribute to find it by; once for each' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from add" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from add" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from add" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from add" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from add" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from add" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from add" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from add" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from add" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from edit" -l serial -d 'Its serial number' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from edit" -l group -d 'Its enrolment group' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from edit" -l vendor -d 'Its vendor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from edit" -l hardware -d 'Its hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from edit" -l firmware -d 'Its firmware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from edit" -l address -d 'Where it is reached' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from edit" -l attribute -d 'An attribute to find it by; once for each' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from edit" -l unset -d 'Take away: serial, group, vendor, hardware, firmware, address, attributes.NAME' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from edit" -l mark -d 'Only if the device is still at this mark' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from edit" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from edit" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from edit" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from edit" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from edit" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from edit" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from edit" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from edit" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from edit" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from edit" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from adopt" -l id -d 'The device\'s id, where there is one certificate' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from adopt" -l id-from -d 'How ids are made of certificates' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from adopt" -l model -d 'Their model, as NAME or NAME@VERSION' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from adopt" -l serial -d 'Its serial number' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from adopt" -l group -d 'Its enrolment group' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from adopt" -l vendor -d 'Its vendor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from adopt" -l hardware -d 'Its hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from adopt" -l firmware -d 'Its firmware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from adopt" -l address -d 'Where it is reached' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from adopt" -l attribute -d 'An attribute to find it by; once for each' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from adopt" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from adopt" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from adopt" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from adopt" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from adopt" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from adopt" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from adopt" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from adopt" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from adopt" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from adopt" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from import" -l form -d 'How it is written; by the file\'s name without (.csv), else lines' -r -f -a "lines\t'One JSON object a line'
csv\t'CSV with a header'"
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from import" -l after -d 'Go on after the row of this id' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from import" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from import" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from import" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from import" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from import" -l atomic -d 'All rows or none; at most 100,000'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from import" -l report -d 'Tell of every row, not only of those that are refused'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from import" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from import" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from import" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from import" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from import" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from import" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from watch" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from watch" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from watch" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from watch" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from watch" -l atomic -d 'All rows of a file or none; at most 100,000'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from watch" -l once -d 'Take all files that are there now, then end'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from watch" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from watch" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from watch" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from watch" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from watch" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from watch" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from scan" -l group -d 'The group they are taken into; the only one there is without' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from scan" -l name-at -d 'Where a device tells its name, if its links do not' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from scan" -l wait -d 'For how many seconds a device may answer' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from scan" -l every -d 'Look again after this time, until a signal ends it; only news are told' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from scan" -l reason -d 'Why, for the audit trail' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from scan" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from scan" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from scan" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from scan" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from scan" -l look -d 'Only tell who answers; nobody is taken in'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from scan" -l approve -d 'Agree to all that are taken in, at once'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from scan" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from scan" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from scan" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from scan" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from scan" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from scan" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from export" -l form -d 'How they are written; by the file\'s name without (.csv), else lines' -r -f -a "lines\t'One JSON object a line'
csv\t'CSV with a header'"
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from export" -l out -d 'Into this new file; to standard output without' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from export" -l after -d 'Go on after the device of this id' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from export" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from export" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from export" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from export" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from export" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from export" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from export" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from export" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from export" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from export" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from verify" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from verify" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from verify" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from verify" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from verify" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from verify" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from verify" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from verify" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from verify" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from verify" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from copy" -l to -d 'The store to copy into: postgres://..., or the path of a SQLite file' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from copy" -l to-env -d 'The environment variable that names it, where it has a password' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from copy" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from copy" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from copy" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from copy" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from copy" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from copy" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from copy" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from copy" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from copy" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from copy" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from retire" -l reason -d 'Why, for the ledger and the audit trail' -r
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
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from help" -f -a "search" -d 'Look for devices of the registry'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show all records of a device'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from help" -f -a "why" -d 'Say why a device stands where it does, and what comes next'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from help" -f -a "lease" -d 'Give devices to a station, which alone may make them'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from help" -f -a "leases" -d 'List which station may make which devices'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from help" -f -a "history" -d 'Say what happened to a device, oldest first'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from help" -f -a "add" -d 'Register a device by hand, before it comes'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from help" -f -a "edit" -d 'Change what the registry knows of a device'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from help" -f -a "adopt" -d 'Take over devices of other tools, with their certificates'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from help" -f -a "import" -d 'Bring devices into the registry before they come'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from help" -f -a "watch" -d 'Take in the lists of devices that others drop into a folder'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from help" -f -a "scan" -d 'Look for devices on the network, ask them, take them in'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from help" -f -a "export" -d 'Write devices of the registry as JSON lines or CSV'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from help" -f -a "verify" -d 'Verify the registry\'s audit trail'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from help" -f -a "copy" -d 'Copy the whole registry into another store'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from help" -f -a "retire" -d 'Retire a device: its credentials become void'
complete -c firstlight -n "__fish_firstlight_using_subcommand devices; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and not __fish_seen_subcommand_from log pending verify sync status reconcile help" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and not __fish_seen_subcommand_from log pending verify sync status reconcile help" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and not __fish_seen_subcommand_from log pending verify sync status reconcile help" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and not __fish_seen_subcommand_from log pending verify sync status reconcile help" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and not __fish_seen_subcommand_from log pending verify sync status reconcile help" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and not __fish_seen_subcommand_from log pending verify sync status reconcile help" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and not __fish_seen_subcommand_from log pending verify sync status reconcile help" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and not __fish_seen_subcommand_from log pending verify sync status reconcile help" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and not __fish_seen_subcommand_from log pending verify sync status reconcile help" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and not __fish_seen_subcommand_from log pending verify sync status reconcile help" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and not __fish_seen_subcommand_from log pending verify sync status reconcile help" -f -a "log" -d 'Print what happened, oldest first'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and not __fish_seen_subcommand_from log pending verify sync status reconcile help" -f -a "pending" -d 'List deliveries that were begun and not finished'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and not __fish_seen_subcommand_from log pending verify sync status reconcile help" -f -a "verify" -d 'Verify the ledger\'s hash chain'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and not __fish_seen_subcommand_from log pending verify sync status reconcile help" -f -a "sync" -d 'Tell the registry what this station did; ask what it may make'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and not __fish_seen_subcommand_from log pending verify sync status reconcile help" -f -a "status" -d 'Say where this station stands with the registry'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and not __fish_seen_subcommand_from log pending verify sync status reconcile help" -f -a "reconcile" -d 'Go on with a ledger from a backup, or with one of two copies'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and not __fish_seen_subcommand_from log pending verify sync status reconcile help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
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
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from sync" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from sync" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from sync" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from sync" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from sync" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from sync" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from sync" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from sync" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from sync" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from sync" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from status" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from status" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from status" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from status" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from status" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from status" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from status" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from status" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from status" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from reconcile" -l fleet -d 'The fleet\'s folder [default: the nearest with a fleet.yaml, upward]' -r -F
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from reconcile" -l operator -d 'Who works here, for the ledger [default: the login name]' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from reconcile" -l passphrase-fd -d 'Read the passphrase of the station key from this file descriptor' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from reconcile" -l seed -d 'Make everything foretellable from TEXT: for rehearsal and tests, refused on real hardware' -r
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from reconcile" -l json -d 'Print data as JSON: one object, or one a line for events'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from reconcile" -s q -l quiet -d 'Say only what went wrong'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from reconcile" -s v -l verbose -d 'Say each step'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from reconcile" -l yes -d 'Answer harmless questions with yes (never: overwriting a drive)'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from reconcile" -l plan -d 'Say what would happen and touch nothing'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from reconcile" -s h -l help -d 'Print help'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from help" -f -a "log" -d 'Print what happened, oldest first'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from help" -f -a "pending" -d 'List deliveries that were begun and not finished'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from help" -f -a "verify" -d 'Verify the ledger\'s hash chain'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from help" -f -a "sync" -d 'Tell the registry what this station did; ask what it may make'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from help" -f -a "status" -d 'Say where this station stands with the registry'
complete -c firstlight -n "__fish_firstlight_using_subcommand ledger; and __fish_seen_subcommand_from help" -f -a "reconcile" -d 'Go on with a ledger from a backup, or with one of two copies'
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
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal keys recipe trust serve rollout token acl group bootstrap policy approval model backup restore issue render write card flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "init" -d 'Set up a fleet that works at once'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal keys recipe trust serve rollout token acl group bootstrap policy approval model backup restore issue render write card flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "check" -d 'Check the fleet file, the inventory and the templates'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal keys recipe trust serve rollout token acl group bootstrap policy approval model backup restore issue render write card flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "ca" -d 'Make, show or export the fleet\'s certificate authority'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal keys recipe trust serve rollout token acl group bootstrap policy approval model backup restore issue render write card flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "seal" -d 'Show, change and export the keys that seal bundles'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal keys recipe trust serve rollout token acl group bootstrap policy approval model backup restore issue render write card flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "keys" -d 'Bring the pre-shared keys of devices to a server of its own'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal keys recipe trust serve rollout token acl group bootstrap policy approval model backup restore issue render write card flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "recipe" -d 'Sign and check lock recipes: steps that cannot be taken back'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal keys recipe trust serve rollout token acl group bootstrap policy approval model backup restore issue render write card flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "trust" -d 'Allow this fleet\'s programs (vendor programmers, hooks), by digest'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal keys recipe trust serve rollout token acl group bootstrap policy approval model backup restore issue render write card flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "serve" -d 'Serve the registry: devices register by themselves'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal keys recipe trust serve rollout token acl group bootstrap policy approval model backup restore issue render write card flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "rollout" -d 'Many devices take a changed configuration, paced'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal keys recipe trust serve rollout token acl group bootstrap policy approval model backup restore issue render write card flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "token" -d 'Make, list and revoke tokens of devices and of people'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal keys recipe trust serve rollout token acl group bootstrap policy approval model backup restore issue render write card flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "acl" -d 'Show what registered devices may publish and read, as mosquitto takes it'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal keys recipe trust serve rollout token acl group bootstrap policy approval model backup restore issue render write card flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "group" -d 'Enrolment groups, their allow lists, and the block list'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal keys recipe trust serve rollout token acl group bootstrap policy approval model backup restore issue render write card flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "bootstrap" -d 'Remote Bootstrap of LwM2M: foretell it, ask for it, find out what failed'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal keys recipe trust serve rollout token acl group bootstrap policy approval model backup restore issue render write card flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "policy" -d 'What the rules of enrolment would decide'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal keys recipe trust serve rollout token acl group bootstrap policy approval model backup restore issue render write card flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "approval" -d 'Decide about devices that wait for a person'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal keys recipe trust serve rollout token acl group bootstrap policy approval model backup restore issue render write card flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "model" -d 'Models: what kinds of devices there are, and which device is which'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal keys recipe trust serve rollout token acl group bootstrap policy approval model backup restore issue render write card flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "backup" -d 'Save keys and records to one encrypted file'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal keys recipe trust serve rollout token acl group bootstrap policy approval model backup restore issue render write card flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "restore" -d 'Bring keys and records back from a backup'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal keys recipe trust serve rollout token acl group bootstrap policy approval model backup restore issue render write card flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "issue" -d 'Issue the credentials of devices'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal keys recipe trust serve rollout token acl group bootstrap policy approval model backup restore issue render write card flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "render" -d 'Render bootstrap bundles as plain files'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal keys recipe trust serve rollout token acl group bootstrap policy approval model backup restore issue render write card flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "write" -d 'Write bootstrap media: image files, folders, sticks, cards'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal keys recipe trust serve rollout token acl group bootstrap policy approval model backup restore issue render write card flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "card" -d 'Write, read and verify smartcards with LwM2M bootstrap information'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal keys recipe trust serve rollout token acl group bootstrap policy approval model backup restore issue render write card flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "flash" -d 'Write per-device data into chips through a programmer'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal keys recipe trust serve rollout token acl group bootstrap policy approval model backup restore issue render write card flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "station" -d 'The technician\'s screen: unit after unit, several slots side by side'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal keys recipe trust serve rollout token acl group bootstrap policy approval model backup restore issue render write card flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "batch" -d 'Open and close batches: frozen inputs, a signed report'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal keys recipe trust serve rollout token acl group bootstrap policy approval model backup restore issue render write card flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "label" -d 'Write a finished device\'s label once more'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal keys recipe trust serve rollout token acl group bootstrap policy approval model backup restore issue render write card flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "client" -d 'Take bundles from media, on the device itself'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal keys recipe trust serve rollout token acl group bootstrap policy approval model backup restore issue render write card flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "media" -d 'List drives; look at media and verify them'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal keys recipe trust serve rollout token acl group bootstrap policy approval model backup restore issue render write card flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "programmers" -d 'List programmers and boot loaders on USB'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal keys recipe trust serve rollout token acl group bootstrap policy approval model backup restore issue render write card flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "devices" -d 'List devices, show their records, retire them'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal keys recipe trust serve rollout token acl group bootstrap policy approval model backup restore issue render write card flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "ledger" -d 'Read and verify what this station did'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal keys recipe trust serve rollout token acl group bootstrap policy approval model backup restore issue render write card flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "doctor" -d 'Check this machine, each fault with its fix'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal keys recipe trust serve rollout token acl group bootstrap policy approval model backup restore issue render write card flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "schema" -d 'Print the JSON Schema of the fleet file'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal keys recipe trust serve rollout token acl group bootstrap policy approval model backup restore issue render write card flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "completions" -d 'Print completions for a shell'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal keys recipe trust serve rollout token acl group bootstrap policy approval model backup restore issue render write card flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "man" -d 'Print manual pages'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and not __fish_seen_subcommand_from init check ca seal keys recipe trust serve rollout token acl group bootstrap policy approval model backup restore issue render write card flash station batch label client media programmers devices ledger doctor schema completions man help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from ca" -f -a "init" -d 'Make the authority and pin it in fleet.lock'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from ca" -f -a "show" -d 'Show the authority, its validity and how its key is protected'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from ca" -f -a "export" -d 'Print the authority\'s certificates as PEM'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from seal" -f -a "show" -d 'Show the bundle keys and batch keys'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from seal" -f -a "rotate" -d 'Make a new bundle key; the old ones sign too until they are retired'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from seal" -f -a "retire" -d 'Let a bundle key sign no more'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from seal" -f -a "export" -d 'Write what a device image needs to check and open bundles'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from seal" -f -a "batch" -d 'Make a batch key, to be baked into device images'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from keys" -f -a "export" -d 'Write the keys that a server needs, wrapped to it and signed'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from keys" -f -a "push" -d 'Send the same file to a server\'s address'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from keys" -f -a "open" -d 'On the server: check the file and open its keys'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from recipe" -f -a "sign" -d 'Sign a recipe with the fleet\'s bundle key'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from recipe" -f -a "check" -d 'Check a recipe and its signature'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from rollout" -f -a "start" -d 'Begin to bootstrap devices anew whose configuration changed'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from rollout" -f -a "status" -d 'Say how the last rollout stands, and what a new one would do'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from rollout" -f -a "pause" -d 'Start no further device'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from rollout" -f -a "resume" -d 'Go on'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from rollout" -f -a "back" -d 'Bring devices that were started back to the former configuration'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from token" -f -a "new" -d 'Make a token; it is shown once and stored as a digest only'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from token" -f -a "list" -d 'List tokens'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from token" -f -a "revoke" -d 'Revoke a token'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from group" -f -a "list" -d 'List enrolment groups and how full they are'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from group" -f -a "show" -d 'Show what a group asks and how it is used'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from group" -f -a "allow" -d 'Put devices on a group\'s allow list'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from group" -f -a "disallow" -d 'Take devices off a group\'s allow list'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from group" -f -a "allowed" -d 'List a group\'s allow list'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from group" -f -a "block" -d 'Block devices, whatever they prove'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from group" -f -a "unblock" -d 'Take devices off the block list'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from group" -f -a "blocked" -d 'List blocked devices'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from bootstrap" -f -a "explain" -d 'Say what a device would be told, message by message; without a network'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from bootstrap" -f -a "replay" -d 'Tell a recorded bootstrap step by step beside what would be said now'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from bootstrap" -f -a "doctor" -d 'Say why a device does not get through its bootstrap'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from bootstrap" -f -a "trigger" -d 'Have devices ask the bootstrap server anew'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from policy" -f -a "test" -d 'Say what would become of a registration, and why; nothing is stored'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from approval" -f -a "list" -d 'List registrations that wait'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from approval" -f -a "approve" -d 'Agree to a registration'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from approval" -f -a "deny" -d 'Deny a registration'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from model" -f -a "list" -d 'List models and their versions'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from model" -f -a "show" -d 'Show a model'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from model" -f -a "check" -d 'Check model files: nothing is stored'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from model" -f -a "import" -d 'Publish models of files: short YAML, Thing Models, LwM2M objects'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from model" -f -a "publish" -d 'Publish the fleet\'s models, or release or restore a version'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from model" -f -a "deprecate" -d 'Deprecate a version: devices get it no more, who has it keeps it'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from model" -f -a "diff" -d 'Compare two versions; fails if the number does not match the change'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from model" -f -a "export" -d 'Write a model or a device for others'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from model" -f -a "rules" -d 'Rules: which device gets which model'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from model" -f -a "assign" -d 'Give a device a model by hand'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from model" -f -a "instances" -d 'Show the model instances of a device, or what waits for a person'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from model" -f -a "approve" -d 'Approve the model that is proposed for a device'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from model" -f -a "dismiss" -d 'Dismiss the model that is proposed for a device'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from model" -f -a "rollback" -d 'Go back to the model a device had before'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from card" -f -a "write" -d 'Write a device\'s LwM2M bootstrap information onto a card, and read it back'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from card" -f -a "read" -d 'Show the bootstrap information of a card, without its secrets'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from card" -f -a "verify" -d 'Compare a card with what was delivered on it'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from batch" -f -a "open" -d 'Open a batch: freeze fleet, inventory, templates, authority, recipes, tool'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from batch" -f -a "close" -d 'Close the open batch with a signed report'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from batch" -f -a "show" -d 'Show a batch with its counts, or all of them'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from client" -f -a "ingest" -d 'Take the bundle for this device from a medium, or let the copy serve'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from client" -f -a "register" -d 'Register this device with the server its bundle names'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from client" -f -a "bootstrap" -d 'Fetch the bundle for this device from its server, and take it'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from client" -f -a "report" -d 'Tell the server this device\'s firmware and attributes as they are now'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from client" -f -a "renew" -d 'Have the certificate of this device renewed before it expires'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from client" -f -a "end" -d 'End the registration of this device'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from client" -f -a "status" -d 'Show what is in force, whom this device trusts, what came last'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from client" -f -a "forget" -d 'Take the bundle in force away and restore what was before it'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from media" -f -a "list" -d 'List drives, each with our verdict and its reasons'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from media" -f -a "erase" -d 'Make every byte of a drive zero and read it back'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from media" -f -a "inspect" -d 'Show what is on a medium or in an image, without its secrets'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from media" -f -a "verify" -d 'Compare a medium with its manifest'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from programmers" -f -a "list" -d 'List programmers and boot loaders on USB, each with its port'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from programmers" -f -a "rule" -d 'Print the udev rule that lets a technician open them'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from devices" -f -a "list" -d 'List devices and where each stands'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from devices" -f -a "search" -d 'Look for devices of the registry'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from devices" -f -a "show" -d 'Show all records of a device'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from devices" -f -a "why" -d 'Say why a device stands where it does, and what comes next'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from devices" -f -a "lease" -d 'Give devices to a station, which alone may make them'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from devices" -f -a "leases" -d 'List which station may make which devices'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from devices" -f -a "history" -d 'Say what happened to a device, oldest first'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from devices" -f -a "add" -d 'Register a device by hand, before it comes'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from devices" -f -a "edit" -d 'Change what the registry knows of a device'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from devices" -f -a "adopt" -d 'Take over devices of other tools, with their certificates'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from devices" -f -a "import" -d 'Bring devices into the registry before they come'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from devices" -f -a "watch" -d 'Take in the lists of devices that others drop into a folder'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from devices" -f -a "scan" -d 'Look for devices on the network, ask them, take them in'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from devices" -f -a "export" -d 'Write devices of the registry as JSON lines or CSV'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from devices" -f -a "verify" -d 'Verify the registry\'s audit trail'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from devices" -f -a "copy" -d 'Copy the whole registry into another store'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from devices" -f -a "retire" -d 'Retire a device: its credentials become void'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from ledger" -f -a "log" -d 'Print what happened, oldest first'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from ledger" -f -a "pending" -d 'List deliveries that were begun and not finished'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from ledger" -f -a "verify" -d 'Verify the ledger\'s hash chain'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from ledger" -f -a "sync" -d 'Tell the registry what this station did; ask what it may make'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from ledger" -f -a "status" -d 'Say where this station stands with the registry'
complete -c firstlight -n "__fish_firstlight_using_subcommand help; and __fish_seen_subcommand_from ledger" -f -a "reconcile" -d 'Go on with a ledger from a backup, or with one of two copies'
