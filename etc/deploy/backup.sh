#!/bin/sh
# One backup of the records into FOLDER, encrypted for RECIPIENT (an age public key), checked before it counts.
#
#   backup.sh FOLDER RECIPIENT        with CASEWORK_DATABASE_URL and CASEWORK_DATA in the environment
#
# The key file is not in it, on purpose: keep a copy of it elsewhere (docs/operations.md, Keys). Without the key file
# the backup cannot be read; with it in the same place, whoever steals one has both.
set -eu
umask 077

folder=${1:?folder}
recipient=${2:?age public key}
: "${CASEWORK_DATABASE_URL:?}" "${CASEWORK_DATA:?}"

name="casework-$(date -u +%Y%m%dT%H%M%SZ)"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

case $CASEWORK_DATABASE_URL in
    postgresql*)
        plain=postgresql:${CASEWORK_DATABASE_URL#*:}
        # Row security hides rows from whoever does not say that it must see all; without the option pg_dump refuses.
        PGOPTIONS="${PGOPTIONS:-} -c casework.unscoped=on" \
            pg_dump --enable-row-security --format=custom --no-owner --file="$work/$name" "$plain"
        # A dump that cannot be listed to its end is no backup.
        pg_restore --list "$work/$name" >/dev/null
        ;;
    sqlite:*)
        file=${CASEWORK_DATABASE_URL#sqlite:///}
        # VACUUM INTO takes a consistent copy while people go on working.
        sqlite3 "$file" "VACUUM INTO '$work/$name'"
        [ "$(sqlite3 "$work/$name" 'PRAGMA integrity_check')" = ok ]
        ;;
    *)
        echo "CASEWORK_DATABASE_URL is neither postgresql nor sqlite" >&2
        exit 2
        ;;
esac

age --recipient "$recipient" --output "$folder/$name.age.part" "$work/$name"
sync "$folder/$name.age.part"
mv "$folder/$name.age.part" "$folder/$name.age"
echo "$folder/$name.age"
