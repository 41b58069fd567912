#!/bin/sh
# Reads a sealed bundle from a medium: checks, keeps a copy, puts its files in place. For devices that cannot run firstlight.
#   usage: firstlight-read.sh [-c CONFIG] ingest [FOLDER]   read the medium mounted at FOLDER, or the one with our label
#          firstlight-read.sh [-c CONFIG] place             put the files of the copy in place again (every boot)
#          firstlight-read.sh [-c CONFIG] status            say what is in the store
# Needs: a POSIX shell, awk, coreutils or busybox, minisign or openssl (1.1.1 or later), and age for encrypted files.
# Format and reason codes: docs/bundle-format.md. What this reader cannot do: packaging/reader/README.md.
# Exit status: 0 taken or nothing new; 1 unusable (too-big, unsafe-path, unknown-format); 2 usage; 4 try again (no medium,
# clock-untrusted, I/O); 5 damaged (altered, truncated); 6 refused (every other code).
# shellcheck disable=SC2015,SC2094,SC2013
set -u
umask 077
LC_ALL=C
export LC_ALL

MANIFEST=firstlight-manifest.json
LONGEST_MANIFEST=1048576
LONGEST_SIGNATURE=2048

# ---- settings: the configuration is a shell fragment that root wrote; it may set any of these -------------------------
fleet=                                  # take bundles of this fleet only
model=                                  # else DMI, else device tree
serial_file=                            # else DMI, else device tree
anchors=/etc/firstlight/anchors         # *.pub, minisign's public keys
keys=/etc/firstlight/keys               # *.age, age identities
store=/var/lib/firstlight-reader
label=FIRSTLIGHT
destinations="/etc /var/lib"            # files may be put below these
verify=auto                             # minisign, openssl, or auto: whichever is there
clock=/run/systemd/timesync/synchronized # trusted, untrusted, or a file that is there while the clock can be trusted
files_only=no                           # yes: take bundles that also want actions or a connection, do the files only
most_bytes=8388608
most_files=512
most_bundles=4096
root=                                   # put before every path of the device that is read or written
lock=/run/firstlight-read.lock

say() { printf '%s\n' "$*" >&2; }
die() { status=$1; shift; say "firstlight-read: $*"; exit "$status"; }

full() { die 4 "the store \"$store\" cannot be written"; }

# Refuses what is judged at the moment: sets the code and the words, and fails.
refuse() { reason=$1; shift; words=$*; return 1; }

status_of() {
  case $1 in
    too-big | unsafe-path | unknown-format) echo 1 ;;
    clock-untrusted) echo 4 ;;
    altered | truncated) echo 5 ;;
    *) echo 6 ;;
  esac
}

# ---- the medium: nothing on it is followed, and everything is copied within bounds before it is looked at --------------

# plain_file FOLDER PATH: a regular file, reached through folders only.
plain_file() {
  walked=$1 rest=$2
  while :; do
    case $rest in
      */*) walked=$walked/${rest%%/*} rest=${rest#*/} ;;
      *) break ;;
    esac
    [ ! -L "$walked" ] || return 1
  done
  [ -f "$walked/$rest" ] && [ ! -L "$walked/$rest" ]
}

size_of() { wc -c <"$1" | tr -d ' '; }

# copy_bounded FROM TO MOST: at most one byte more than MOST, so that a longer file shows.
copy_bounded() { head -c "$(($3 + 1))" <"$1" >"$2" 2>/dev/null; }

# Lists the folders with a bundle, one a line; the root is an empty line.
list_bundles() {
  if plain_file "$medium" "$MANIFEST"; then echo; fi
  [ ! -L "$medium/firstlight" ] || return 0
  for place in "$medium"/firstlight/*/"$MANIFEST"; do
    place=${place%/"$MANIFEST"}
    name=${place##*/}
    case $name in *[!A-Za-z0-9_.:+@=%-]*) continue ;; esac
    if plain_file "$medium" "firstlight/$name/$MANIFEST"; then echo "firstlight/$name"; fi
  done
}

# ---- signatures ----------------------------------------------------------------------------------------------------

# take_signature FILE: four lines of minisign's form, pure Ed25519; leaves $work/sig.{head,bytes,comment,last}.
take_signature() {
  [ "$(size_of "$1")" -le "$LONGEST_SIGNATURE" ] || return 1
  [ "$(wc -l <"$1" | tr -d ' ')" = 4 ] && [ "$(tail -c 1 "$1" | wc -l | tr -d ' ')" = 1 ] || return 1
  tr -d '\000-\011\013-\037' <"$1" | cmp -s - "$1" || return 1
  first=$(sed -n 1p "$1") second=$(sed -n 2p "$1") third=$(sed -n 3p "$1") fourth=$(sed -n 4p "$1")
  case $first in "untrusted comment: "*) ;; *) return 1 ;; esac
  case $third in "trusted comment: "*) ;; *) return 1 ;; esac
  case $second in RW[QRST]*) ;; *) return 1 ;; esac
  case $second$fourth in *[!A-Za-z0-9+/=]*) return 1 ;; esac
  printf '%s\n' "$second" | base64 -d >"$work/sig" 2>/dev/null || return 1
  printf '%s\n' "$fourth" | base64 -d >"$work/sig.last" 2>/dev/null || return 1
  [ "$(size_of "$work/sig")" = 74 ] && [ "$(size_of "$work/sig.last")" = 64 ] || return 1
  head -c 10 "$work/sig" >"$work/sig.head" && tail -c 64 "$work/sig" >"$work/sig.bytes"
  printf '%s' "${third#trusted comment: }" >"$work/sig.comment"
}

# take_key FILE: leaves $work/key.head, $work/key.der and the line in $key_line.
take_key() {
  key_line=$(grep -v '^untrusted comment:' "$1" | sed -n 1p | tr -d ' \r')
  printf '%s\n' "$key_line" | base64 -d >"$work/key" 2>/dev/null || return 1
  [ "$(size_of "$work/key")" = 42 ] || return 1
  head -c 10 "$work/key" >"$work/key.head"
  # SubjectPublicKeyInfo of Ed25519 (RFC 8410, section 4)
  { printf '\060\052\060\005\006\003\053\145\160\003\041\000' && tail -c 32 "$work/key"; } >"$work/key.der"
}

openssl_verifies() {
  openssl pkeyutl -verify -pubin -keyform DER -inkey "$work/key.der" -rawin -in "$1" -sigfile "$2" >/dev/null 2>&1
}

# verifies SIGNATURE: the key just taken made it, over the manifest and over its comment.
verifies() {
  case $verify in
    minisign) minisign -V -q -P "$key_line" -m "$work/manifest" -x "$1" >/dev/null 2>&1 ;;
    *)
      cat "$work/sig.bytes" "$work/sig.comment" >"$work/sig.commented" &&
        openssl_verifies "$work/manifest" "$work/sig.bytes" &&
        openssl_verifies "$work/sig.commented" "$work/sig.last"
      ;;
  esac
}

# authenticate FOLDER: copies manifest and signatures to $work and judges them.
authenticate() {
  copy_bounded "$medium/$1$MANIFEST" "$work/manifest" "$LONGEST_MANIFEST" || refuse truncated "the manifest cannot be read" || return
  [ "$(size_of "$work/manifest")" -le "$LONGEST_MANIFEST" ] || refuse too-big "the manifest has more than $LONGEST_MANIFEST bytes" || return
  rm -f "$work"/signature.*
  any='' known='' damaged=''
  for number in '' .2 .3 .4; do
    plain_file "$medium" "$1$MANIFEST$number.minisig" || continue
    any=yes signature=$work/signature$number.minisig
    copy_bounded "$medium/$1$MANIFEST$number.minisig" "$signature" "$LONGEST_SIGNATURE"
    if ! take_signature "$signature"; then damaged=yes; continue; fi
    for anchor in "$trusted"/*.pub; do
      [ -f "$anchor" ] && take_key "$anchor" && cmp -s "$work/key.head" "$work/sig.head" || continue
      known=yes
      if verifies "$signature"; then return 0; fi
    done
  done
  [ -n "$any" ] || refuse unsigned "the manifest has no signature" || return
  if [ -n "$known" ] && [ "$(tail -c 1 "$work/manifest" | wc -l | tr -d ' ')" = 0 ] && [ "$(tail -c 2 "$work/manifest" | head -c 1)" != '}' ]; then
    refuse truncated "the manifest ends too early"
  elif [ -n "$known$damaged" ]; then
    refuse altered "the signature does not fit"
  else
    refuse not-ours "no key that is trusted here signed it"
  fi
}

# ---- the manifest: one member a line, in the format's order; anything of another shape is refused ---------------------
# shellcheck disable=SC2016
PARSE='
function refuse(code, words) { if (!refused) print "refused|" code "|" words; refused = 1; exit }
function unknown(words) { refuse("unknown-format", "line " NR ": " words) }
function members(object, names,    list, n, i) {
  n = split(names, list, " ")
  for (i = 1; i <= n; i++) {
    split(list[i], part, "=")
    must = sub(/!$/, "", part[2])
    rank[object, part[1]] = i
    type[(object == "" ? "" : object ".") part[1]] = part[2]
    if (must) wanted[object] = wanted[object] " " part[1]
  }
}
BEGIN {
  members("", "format=int! fleet=str! device=str! scope=site match=obj bundle=str! version=int! template=str! created=str! not_before=str not_after=str without_clock=accept single_use=true accept_plaintext=str demo=true files=arr! actions=arr connect=obj trusted_keys=obj")
  members("match", "serial=arr mac=arr machine-id=arr dmi-serial=arr dt-serial=arr tpm-ek=arr model=arr")
  members("files.#", "path=str! size=int! sha256=str! mode=str! encryption=str destination=str owner=str")
  members("actions.#", "hostname=str network-connection=str restart=arr hook=str")
  members("connect", "protocol=str! host=str! port=int! within=int! trust=str certificate=str private_key=str client_id=str")
  members("trusted_keys", "sequence=int! keys=arr!")
  n = split("serial mac machine-id dmi-serial dt-serial tpm-ek model", properties, " ")
  for (i = 1; i <= n; i++) { type["match." properties[i] ".#"] = "str"; maybe_empty["match." properties[i]] = 1 }
  type["files.#"] = type["actions.#"] = "obj"
  type["actions.#.restart.#"] = type["trusted_keys.keys.#"] = "str"
  maybe_empty["files"] = maybe_empty["actions.#.restart"] = maybe_empty["trusted_keys.keys"] = 1
}
function enter(at, form, is_object) {
  depth++; here[depth] = at; shape[depth] = form; object[depth] = is_object; fresh[depth] = 1; last[depth] = 0; count[depth] = 0
}
function leave(    n, list, i) {
  n = split(wanted[shape[depth]], list, " ")
  if (object[depth]) for (i = 1; i <= n; i++) {
    if (!(below(here[depth], list[i]) in value)) unknown("no \"" list[i] "\"")
  }
  depth--
}
function below(at, name) { return (at == "" ? "" : at ".") name }
# What is in quotes; escapes stay, but that of the quote and of the backslash.
function take_string(text,    bare) {
  bare = text
  gsub(/\\["\\bfnrt]/, "", bare)
  gsub(/\\u00(0[0-7bef]|1[0-9a-f])/, "", bare)
  gsub(/[\302-\337][\200-\277]/, "", bare)
  gsub(/(\340[\240-\277]|[\341-\354\356\357][\200-\277]|\355[\200-\237])[\200-\277]/, "", bare)
  gsub(/(\360[\220-\277]|[\361-\363][\200-\277]|\364[\200-\217])[\200-\277][\200-\277]/, "", bare)
  if (length(bare) < 2 || substr(bare, 1, 1) != "\"" || substr(bare, length(bare)) != "\"") unknown("no text")
  bare = substr(bare, 2, length(bare) - 2)
  if (index(bare, "\"") || index(bare, "\\") || bare ~ /[\200-\377]/) unknown("no text of the prescribed form")
  return substr(text, 2, length(text) - 2)
}
function take(at, form, text,    kind) {
  kind = type[form]
  value[at] = ""
  if (kind == "obj" && text == "{") enter(at, form, 1)
  else if (kind == "arr" && text == "[") enter(at, form, 0)
  else if (kind == "arr" && text == "[]" && (form in maybe_empty)) value[at] = ""
  else if (kind == "str") value[at] = take_string(text)
  else if (kind == "int" && text ~ /^(0|[1-9][0-9]*)$/) value[at] = text
  else if (kind == "true" && text == "true") value[at] = "true"
  else if ((kind == "site" || kind == "accept") && text == "\"" kind "\"") value[at] = kind
  else unknown("not what belongs there")
}
NR == 1 { if ($0 != "{") unknown("no object"); enter("", "", 1); next }
ended { unknown("something behind the end") }
{
  indent = match($0, /[^ ]/) - 1
  body = substr($0, indent + 1)
  more = sub(/,$/, "", body)
  if (body == "}" || body == "]") {
    if (fresh[depth] || comma || (body == "}") != object[depth] || indent != 2 * (depth - 1)) unknown("a wrong end")
    leave()
    comma = more
    if (depth == 0) { if (more) unknown("a comma at the end"); ended = 1 }
    next
  }
  if (indent != 2 * depth || (!fresh[depth] && !comma)) unknown("not in the prescribed form")
  fresh[depth] = 0
  if (object[depth]) {
    if (!match(body, /^"[a-z0-9_-]+": /)) unknown("no member")
    name = form_name = substr(body, 2, RLENGTH - 4)
    body = substr(body, RLENGTH + 1)
    if (rank[shape[depth], name] <= last[depth]) unknown("\"" name "\" does not belong there")
    last[depth] = rank[shape[depth], name]
  } else { name = count[depth]++; form_name = "#"; counted[here[depth]] = count[depth] }
  at = below(here[depth], name); form = below(shape[depth], form_name)
  comma = more
  take(at, form, body)
}
function is_within(number, most) {
  number = number ""; most = most ""
  return length(number) < length(most) || (length(number) == length(most) && "n" number <= "n" most)
}
function is_safe(path,    n, parts, i) {
  if (path == "" || length(path) > 240 || path ~ /[^ -~]/ || path ~ /[\\:*?"<>|]/) return 0
  n = split(path, parts, "/")
  for (i = 1; i <= n; i++) if (parts[i] == "" || parts[i] ~ /^[.]+$/ || parts[i] ~ /[. ]$/ || parts[i] ~ /^ /) return 0
  return 1
}
function is_reserved(path) {
  return tolower(path) ~ /^firstlight-(result[.]json|manifest[.]json([.]([234][.])?minisig)?)$/
}
function suffix(encryption) { return encryption == "age" ? ".age" : encryption == "cose-encrypt0" ? ".cose" : "" }
function name_of(i,    path, end) {
  path = value["files." i ".path"]; end = suffix(value["files." i ".encryption"])
  return end != "" && substr(path, length(path) - length(end) + 1) == end ? substr(path, 1, length(path) - length(end)) : path
}
# No path twice, and none in a folder that is a file.
function put_apart(kind, path) {
  if ((kind, path) in seen) refuse("unsafe-path", path " is there twice")
  seen[kind, path] = 1
}
function check_apart(kind, path,    n, parts, i, folder) {
  n = split(path, parts, "/")
  folder = parts[1]
  for (i = 2; i <= n; i++) { if ((kind, folder) in seen) refuse("unsafe-path", folder " is a file and a folder"); folder = folder "/" parts[i] }
}
function check_time(name,    time, days) {
  if (!(name in given)) return
  time = value[name] ""
  if (time !~ /^[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9]Z$/) unknown("\"" name "\" is no time")
  year = substr(time, 1, 4) + 0; month = substr(time, 6, 2) + 0; day = substr(time, 9, 2) + 0
  if (month < 1 || month > 12) unknown("\"" name "\" is no time")
  days = substr("312831303130313130313031", 2 * month - 1, 2) + 0
  if (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)) days = 29
  if (day < 1 || day > days || substr(time, 12, 2) > 23 || substr(time, 15, 2) > 59 || substr(time, 18, 2) > 59) unknown("\"" name "\" is no time")
}
function check_name(text) { return length(text) <= 255 && text ~ /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/ }
function is_one_of(text, list) { return index(" " list " ", " " text " ") > 0 && text != "" && text !~ / / }
function check_file(i,    base, path, name, destination) {
  base = "files." i "."
  path = value[base "path"]; name = name_of(i); destination = value[base "destination"]
  if (!is_safe(path) || !is_safe(name) || is_reserved(path) || name == path && suffix(value[base "encryption"]) != "" \
      || (base "destination") in given && (substr(destination, 1, 1) != "/" || !is_safe(substr(destination, 2))))
    refuse("unsafe-path", "file " i + 1 " may not be followed")
}
function check_placing(i,    base, mode, owner) {
  base = "files." i "."; mode = value[base "mode"]; owner = value[base "owner"]
  if (mode !~ /^[0-7][0-7][0-7][0-7]$/) unknown("a mode is not four octal digits")
  if (mode !~ /^0/) refuse("not-allowed", "setuid, setgid and sticky bits are not given")
  if ((base "owner") in given) {
    n = split(owner, part, ":")
    if (n < 1 || n > 2 || !check_name(part[1]) || (n == 2 && !check_name(part[2]))) unknown("an owner is no user or user:group")
  }
}
END {
  if (refused) exit 1
  if (!ended) unknown("the manifest ends too early")
  for (at in value) given[at] = 1
  if (value["format"] != "1") unknown("format " value["format"] ", this reader reads 1")
  device = value["device"]
  if (device !~ /^[A-Za-z0-9][A-Za-z0-9_.:+@=-]*$/ || length(device) > 64 || index(device, "..")) unknown("no device name")
  if (!is_within(value["version"], "4294967295")) unknown("the version is beyond 32 bits")
  n_files = counted["files"] + 0; sum = 0
  for (i = 0; i < n_files; i++) {
    base = "files." i "."
    if (!is_within(value[base "size"], "18446744073709551615")) unknown("a size beyond 64 bits")
    if (length(value[base "sha256"]) != 64 || value[base "sha256"] !~ /^[0-9a-f]+$/) unknown("no digest")
    if ((base "encryption") in given && suffix(value[base "encryption"]) == "") unknown("no known encryption")
    sum += value[base "size"]
  }
  for (i = 0; i < counted["actions"] + 0; i++) {
    n = 0
    for (at in value) if (at ~ ("^actions[.]" i "[.][a-z-]+$")) n++
    if (n != 1) unknown("an action is one member")
  }
  if ("connect" in given) {
    if (!is_one_of(value["connect.protocol"], "tcp tls mqtt mqtts")) unknown("no known protocol")
    if (!is_within(value["connect.port"], "65535") || !is_within(value["connect.within"], "4294967295")) unknown("a number beyond its bits")
  }
  if ("trusted_keys" in given && !is_within(value["trusted_keys.sequence"], "4294967295")) unknown("a number beyond its bits")
  if (n_files > ENVIRON["most_files"] + 0) refuse("too-big", n_files " files, at most " ENVIRON["most_files"] " are taken")
  if (sum > ENVIRON["most_bytes"] + 0) refuse("too-big", "at most " ENVIRON["most_bytes"] " bytes are taken")
  for (i = 0; i < n_files; i++) check_file(i)
  for (i = 0; i < n_files; i++) {
    put_apart("path", tolower(value["files." i ".path"])); put_apart("name", tolower(name_of(i)))
    if (("files." i ".destination") in given) put_apart("destination", value["files." i ".destination"])
  }
  for (i = 0; i < n_files; i++) {
    check_apart("path", tolower(value["files." i ".path"])); check_apart("name", tolower(name_of(i)))
    if (("files." i ".destination") in given) check_apart("destination", value["files." i ".destination"])
  }
  for (i = 0; i < n_files; i++) check_placing(i)
  check_time("created"); check_time("not_before"); check_time("not_after")
  n_keys = counted["trusted_keys.keys"] + 0
  if ("trusted_keys" in given && (n_keys < 1 || n_keys > 16)) unknown("1 to 16 keys can be announced")
  for (i = 0; i < n_keys; i++) {
    key = value["trusted_keys.keys." i]
    if (length(key) != 56 || key !~ /^RW[QRST][A-Za-z0-9+\/]+$/) unknown("no bundle key")
  }
  if (refused) exit 1
  n = split("fleet device scope version created not_before not_after without_clock single_use", names, " ")
  for (i = 1; i <= n; i++) if (names[i] in given) print names[i] "|" value[names[i]]
  if ("actions" in given || "connect" in given) print "orders|yes"
  if ("trusted_keys" in given) print "sequence|" value["trusted_keys.sequence"]
  for (i = 0; i < n_keys; i++) print "key|" value["trusted_keys.keys." i]
  for (p = 1; p <= 7; p++) if (("match." properties[p]) in given) {
    print "ask|" properties[p]
    for (i = 0; i < counted["match." properties[p]] + 0; i++) {
      text = value["match." properties[p] "." i]
      gsub(/\\"/, "\"", text); gsub(/\\\\/, "\\", text)
      print "match|" properties[p] "|" text
    }
  }
  for (i = 0; i < n_files; i++) {
    base = "files." i "."
    print "file|" value[base "path"] "|" name_of(i) "|" value[base "size"] "|" value[base "sha256"] "|" value[base "mode"] "|" value[base "encryption"] "|" value[base "destination"] "|" value[base "owner"]
  }
}'

# parse: $work/manifest to $work/parsed, one `word|value` a line.
parse() {
  tr -d '\000-\011\013-\037' <"$work/manifest" | cmp -s - "$work/manifest" && [ "$(tail -c 1 "$work/manifest" | wc -l | tr -d ' ')" = 1 ] ||
    refuse unknown-format "the manifest is no text of the prescribed form" || return
  most_bytes=$most_bytes most_files=$most_files awk "$PARSE" "$work/manifest" >"$work/parsed" 2>/dev/null
  IFS='|' read -r word code said <"$work/parsed" || word=refused code=unknown-format said="the manifest cannot be read"
  [ "$word" != refused ] || refuse "$code" "$said"
}

# value_of WORD [FILE]: the one value of that word.
value_of() { sed -n "s/^$1|//p" "${2:-$work/parsed}" | sed -n 1p; }

# ---- the device ----------------------------------------------------------------------------------------------------

# The first that holds a value; a filler is none.
first_of() {
  for source; do
    found=$(tr -d '\000' <"$source" 2>/dev/null)
    if printf '%s\n' "$found" | plain | grep -Fxv "$FILLERS" | grep -qv '^0*$'; then
      printf '%s\n' "$found"
      return
    fi
  done
}

values_of() {
  tree=$root/sys/firmware/devicetree/base dmi=$root/sys/class/dmi/id
  case $1 in
    serial) if [ -n "$serial_file" ]; then first_of "$root$serial_file"; else first_of "$dmi/product_serial" "$tree/serial-number"; fi ;;
    model) if [ -n "$model" ]; then printf '%s\n' "$model"; else first_of "$dmi/product_name" "$tree/model"; fi ;;
    mac) for card in "$root"/sys/class/net/*; do [ "${card##*/}" = lo ] || first_of "$card/address"; done ;;
    machine-id) first_of "$root/etc/machine-id" ;;
    dmi-serial) first_of "$dmi/product_serial" ;;
    dt-serial) first_of "$tree/serial-number" ;;
  esac 2>/dev/null
}

# What board makers leave in place of a value.
FILLERS='to be filled by o.e.m.
default string
system serial number
system product name
none
not specified
not applicable
n/a
unknown
o.e.m.
0123456789'

# Values are compared without case and without blanks at the ends; blanks alone are no value.
plain() { tr -d '\000' | tr '[:upper:]' '[:lower:]' | sed 's/^[[:space:]]*//; s/[[:space:]]*$//; /^$/d'; }

check_match() {
  wanted_fleet=$(value_of fleet)
  [ -z "$fleet" ] || [ "$fleet" = "$wanted_fleet" ] || refuse not-ours "it is of the fleet $wanted_fleet" || return
  for property in $(sed -n 's/^ask|//p' "$work/parsed"); do
    sed -n "s/^match|$property|//p" "$work/parsed" | plain >"$work/wanted"
    values_of "$property" | plain >"$work/has"
    [ -s "$work/wanted" ] && grep -Fxq -f "$work/wanted" "$work/has" || refuse other-device "its $property is another" || return
  done
  had=$(value_of device "$current/lanes/device/parsed" 2>/dev/null)
  [ "$(value_of scope)" = site ] || [ -z "$had" ] || [ "$had" = "$(value_of device)" ] || refuse other-device "it is for $(value_of device), this device is $had"
}

# is_before A B: times of one form are ordered as texts.
is_before() { [ "$1" != "$2" ] && [ "$(printf '%s\n%s\n' "$1" "$2" | sort | sed -n 1p)" = "$1" ]; }

clock_is_trusted() {
  case $clock in
    trusted) true ;;
    untrusted) false ;;
    *) [ -e "$root$clock" ] ;;
  esac
}

check_time() {
  not_before=$(value_of not_before) not_after=$(value_of not_after) judged=''
  now=$floor
  if clock_is_trusted; then
    judged=yes now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
    if is_before "$now" "$floor"; then now=$floor; fi
  fi
  if [ -n "$not_after" ] && is_before "$not_after" "$now"; then refuse expired "its time was over at $not_after"; return; fi
  if [ -n "$judged" ]; then
    if [ -n "$not_before" ] && is_before "$now" "$not_before"; then refuse not-yet-valid "its time begins at $not_before"; return; fi
    return 0
  fi
  if [ -n "$not_after" ] || { [ -n "$not_before" ] && is_before "$floor" "$not_before"; }; then
    [ "$(value_of without_clock)" = accept ] || refuse clock-untrusted "its time cannot be judged without a clock"
  fi
}

# Files may be put below the folders that the image names, and never where the trust in bundles comes from.
check_destinations() {
  sed -n 's/^file|//p' "$work/parsed" >"$work/files"
  while IFS='|' read -r path name size digest mode encryption destination owner; do
    [ -n "$destination" ] || continue
    allowed=''
    for prefix in $destinations; do
      case $destination in "$prefix"/*) allowed=yes ;; esac
    done
    case $destination in
      /etc/firstlight | /etc/firstlight/* | "$anchors"/* | "$keys"/* | "$store"/*) allowed='' ;;
      /etc/passwd | /etc/passwd- | /etc/shadow | /etc/shadow- | /etc/group | /etc/group- | /etc/gshadow | /etc/gshadow-) allowed='' ;;
      /etc/subuid | /etc/subgid | /etc/sudoers | /etc/sudoers.d | /etc/sudoers.d/* | /etc/pam.d | /etc/pam.d/* | /etc/ld.so.preload) allowed='' ;;
    esac
    [ -n "$allowed" ] || refuse not-allowed "nothing may be put at $destination" || return
  done <"$work/files"
  [ "$files_only" = yes ] || [ -z "$(value_of orders)" ] || refuse not-allowed "it asks for actions or a connection, this reader places files only"
}

lane_of() { if [ "$(value_of scope "$1")" = site ]; then echo "site.$(value_of device "$1")"; else echo device; fi; }

check_version() {
  [ -f "$current/lanes/$lane/parsed" ] || return 0
  had=$(value_of version "$current/lanes/$lane/parsed") had_bundle=$(sha256sum <"$current/lanes/$lane/$MANIFEST" | cut -c 1-64)
  if [ "$version" -lt "$had" ]; then refuse older-version "it has version $version, version $had was taken before"
  elif [ "$version" -eq "$had" ] && [ "$bundle" != "$had_bundle" ]; then refuse version-conflict "another one of version $version was taken before"
  fi
}

# ---- the store: generations/N with lanes/LANE/{manifest, signatures, parsed, files}; `current` is the one switch ---------

# take_file FOLDER TO: one file of $work/files, whole and right, opened.
take_file() {
  stored=$work/stored
  plain_file "$medium" "$1$path" && copy_bounded "$medium/$1$path" "$stored" "$size" || refuse truncated "$path is missing or cannot be read" || return
  found=$(size_of "$stored")
  [ "$found" -ge "$size" ] || refuse truncated "$path has $found bytes, the manifest says $size" || return
  [ "$found" -le "$size" ] || refuse altered "$path is longer than $size bytes" || return
  printf '%s  %s\n' "$digest" "$stored" | sha256sum -c >/dev/null 2>&1 || refuse altered "$path is not the file that was signed" || return
  case "$2/$name" in */*) mkdir -p "$(dirname "$2/$name")" || full ;; esac
  case $encryption in
    '') mv "$stored" "$2/$name" || full ;;
    age) age_opens "$stored" "$2/$name" || refuse cannot-decrypt "no key of this device opens $path" ;;
    *) refuse cannot-decrypt "this reader opens age files only, not $path" ;;
  esac
}

age_opens() {
  set --  "$1" "$2" -d
  for identity in "$keys"/*.age; do [ ! -f "$identity" ] || set -- "$@" -i "$identity"; done
  from=$1 to=$2
  shift 2
  [ $# -gt 1 ] && age "$@" <"$from" >"$to" 2>/dev/null
}

# take_bundle FOLDER LANE: into $store/new.
take_bundle() {
  place=$store/new/lanes/$2
  rm -rf "$place"
  mkdir -p "$place/files" || full
  while IFS='|' read -r path name size digest mode encryption destination owner; do
    take_file "$1" "$place/files" || return
  done <"$work/files"
  cp "$work/manifest" "$place/$MANIFEST" && cp "$work"/signature*.minisig "$place/" && cp "$work/parsed" "$place/parsed" || full
}

# Keys that the fleet announces replace all that were known, if the list is newer.
learn_keys() {
  sequence=$(value_of sequence)
  [ -n "$sequence" ] || return 0
  had=$(cat "$store/new/learned/sequence" 2>/dev/null || echo -1)
  [ "$sequence" -gt "$had" ] || return 0
  rm -rf "$store/new/learned"
  mkdir -p "$store/new/learned" || full
  number=0
  for line in $(sed -n 's/^key|//p' "$work/parsed"); do
    number=$((number + 1))
    printf 'untrusted comment: learned\n%s\n' "$line" >"$store/new/learned/$number.pub" || full
  done
  printf '%s\n' "$sequence" >"$store/new/learned/sequence" || full
}

# A generation is whole before its name is, and `current` changes by one rename.
commit() {
  newest=$floor
  for lane in "$store"/new/lanes/*; do
    created=$(value_of created "$lane/parsed")
    if is_before "$newest" "$created"; then newest=$created; fi
  done
  printf '%s\n' "$newest" >"$store/new/newest"
  number=0
  for generation in "$store"/generations/*; do
    case ${generation##*/} in *[!0-9]*) continue ;; esac
    if [ "${generation##*/}" -gt "$number" ]; then number=${generation##*/}; fi
  done
  had=$(readlink "$current" 2>/dev/null)
  next=generations/$((number + 1))
  mkdir -p "$store/generations" && sync && mv "$store/new" "$store/$next" && rm -f "$store/next" && ln -s "$next" "$store/next" &&
    sync && mv -T -f "$store/next" "$current" && sync || full
  for generation in "$store"/generations/*; do
    case $generation in "$store/$next" | "$store/$had") ;; *) rm -rf "$generation" ;; esac
  done
}

# ---- commands ------------------------------------------------------------------------------------------------------

prepare() {
  case $verify in
    auto) if command -v minisign >/dev/null; then verify=minisign; else verify=openssl; fi ;;
    minisign | openssl) ;;
    *) die 2 "verify is \"$verify\", neither minisign, openssl nor auto" ;;
  esac
  command -v "$verify" >/dev/null || die 4 "$verify is missing"
  mkdir -p "$store" || die 4 "the store \"$store\" cannot be made"
  mkdir "$lock" 2>/dev/null || die 4 "another one runs (\"$lock\" is there)"
  trap 'rm -rf "$store/work" "$store/new"; rmdir "$lock"; [ -z "$mounted" ] || umount "$mounted"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  mounted=''
  work=$store/work current=$store/current
  rm -rf "$work" "$store/new"
  mkdir "$work" || full
  trusted=$anchors
  if [ -d "$current/learned" ]; then trusted=$current/learned; fi
  floor=$(cat "$current/newest" 2>/dev/null || echo 0000-01-01T00:00:00Z)
}

mount_medium() {
  device=$(blkid -L "$label" 2>/dev/null || findfs "LABEL=$label" 2>/dev/null) || die 4 "no medium with the label \"$label\""
  mkdir "$work/medium" && mount -o ro,nosuid,nodev,noexec "$device" "$work/medium" || die 4 "\"$device\" cannot be mounted"
  mounted=$work/medium medium=$work/medium
}

report() { printf '%s %s %s\n' "$1" "${folder:-.}" "$2"; }

# What tells most about a medium on which nothing is for this device.
rank_of() {
  rank=0
  for known in altered truncated unsafe-path too-big unknown-format used other-device not-ours unsigned; do
    rank=$((rank + 1))
    [ "$known" != "$1" ] || break
  done
  echo "$rank"
}

# Remembers why a bundle is passed by, and tells it.
pass_by() {
  report "$reason" "$words"
  if [ -z "$worst" ] || [ "$(rank_of "$reason")" -lt "$(rank_of "$worst")" ]; then worst=$reason; fi
}

# First all are authenticated and matched, then the newest of each lane is judged; all that are chosen are taken, or none.
ingest() {
  list_bundles >"$work/bundles"
  [ -s "$work/bundles" ] || die 4 "no bundle on the medium"
  [ "$(wc -l <"$work/bundles")" -le "$most_bundles" ] || die 1 "too-big: more than $most_bundles bundles"
  : >"$work/fit"
  worst=''
  while read -r folder; do
    if judge_candidate "${folder:+$folder/}"; then
      printf '%s|%s|%s|%s\n' "$lane" "$version" "$bundle" "$folder" >>"$work/fit"
    else
      pass_by
    fi
  done <"$work/bundles"
  [ -s "$work/fit" ] || return "$(status_of "$worst")"
  choose || return "$(status_of ambiguous)"
  begin_generation
  while IFS='|' read -r lane folder; do
    if ! take_chosen "$lane"; then
      report "$reason" "$words"
      return "$(status_of "$reason")"
    fi
  done <"$work/chosen"
  if [ -n "$changed" ]; then commit; fi
  cat "$work/told"
  place_all
}

# Whatever goes before the choice: is it authentic, and for this device?
judge_candidate() {
  authenticate "$1" && parse && check_match || return
  version=$(value_of version) lane=$(lane_of "$work/parsed") bundle=$(sha256sum <"$work/manifest" | cut -c 1-64)
}

# choose: of each lane the newest, as `lane|folder`; the device's own lane sorts first.
choose() {
  : >"$work/chosen"
  unclear=''
  for lane in $(cut -d '|' -f 1 "$work/fit" | sort -u); do choose_in "$lane"; done
  [ -z "$unclear" ]
}

choose_in() {
  sed -n "s/^$1|//p" "$work/fit" >"$work/lane"
  newest=$(cut -d '|' -f 1 "$work/lane" | sort -n | tail -n 1)
  different=$(sed -n "s/^$newest|//p" "$work/lane" | cut -d '|' -f 1 | sort -u | wc -l)
  chosen=''
  while IFS='|' read -r version bundle folder; do
    if [ "$version" -lt "$newest" ]; then
      report older-version "version $newest is on the same medium"
    elif [ "$different" -gt 1 ]; then
      report ambiguous "several bundles have version $newest"
      unclear=yes
    elif [ -z "$chosen" ]; then
      printf '%s|%s\n' "$1" "$folder" >>"$work/chosen"
      chosen=yes
    fi
  done <"$work/lane"
}

begin_generation() {
  changed=''
  : >"$work/told"
  mkdir -p "$store/new/lanes" || full
  if [ -d "$current" ]; then cp -Rp "$current"/. "$store/new/" || full; fi
}

# What was judged is read again from the medium, and so is judged again.
take_chosen() {
  judge_candidate "${folder:+$folder/}" || return
  [ "$lane" = "$1" ] || refuse altered "the medium changed meanwhile" || return
  if [ -d "$current/lanes/$1" ] && cmp -s "$work/manifest" "$current/lanes/$1/$MANIFEST"; then
    report unchanged "version $version" >>"$work/told"
    return
  fi
  check_version && check_time && check_destinations && take_bundle "${folder:+$folder/}" "$1" || return
  learn_keys
  report taken "version $version" >>"$work/told"
  changed=yes
}

# Where a site and the device place the same file, the device's wins.
place_all() {
  for lane in "$current"/lanes/site.* "$current/lanes/device"; do
    [ -f "$lane/parsed" ] || continue
    sed -n 's/^file|//p' "$lane/parsed" >"$work/files"
    while IFS='|' read -r path name size digest mode encryption destination owner; do
      [ -n "$destination" ] || continue
      if [ "$lane" != "$current/lanes/device" ] && cut -d '|' -f 1,8 "$current/lanes/device/parsed" 2>/dev/null | grep -Fxq "file|$destination"; then continue; fi
      place_file "$lane/files/$name" "$root$destination" || die 4 "\"$destination\" cannot be written"
    done <"$work/files"
  done
}

place_file() {
  beside=$2.firstlight-new
  [ ! -d "$2" ] || return 1
  [ -d "$(dirname "$2")" ] || (umask 022 && mkdir -p "$(dirname "$2")") || return 1
  rm -f "$beside"
  cp "$1" "$beside" || return 1
  if [ "$(id -u)" = 0 ]; then chown "${owner:-root}" "$beside" || return 1; fi
  chmod "$mode" "$beside" && mv -f "$beside" "$2" && sync
}

show_status() {
  for lane in "$store"/current/lanes/*; do
    [ -f "$lane/parsed" ] || continue
    printf '%s version %s of the fleet %s, made %s\n' "${lane##*/}" "$(value_of version "$lane/parsed")" "$(value_of fleet "$lane/parsed")" "$(value_of created "$lane/parsed")"
  done
}

usage() { sed -n '3,5s/^# *//p' "$0" >&2; exit 2; }

main() {
  config=/etc/firstlight/reader.conf
  if [ "${1:-}" = -c ]; then config=${2:-}; shift 2 || usage; fi
  [ -f "$config" ] || die 6 "\"$config\" is missing: this is no device that reads bundles"
  # shellcheck source=/dev/null
  . "$config"
  case ${1:-} in
    ingest)
      [ $# -le 2 ] || usage
      prepare
      if [ $# = 2 ]; then medium=${2%/}; [ -d "$medium" ] || die 4 "\"$2\" is no folder"; else mount_medium; fi
      ingest
      ;;
    place) prepare; if [ -d "$current" ]; then place_all; fi ;;
    status) show_status ;;
    *) usage ;;
  esac
}

main "$@"
