#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Put what the tables of pectl know into the manual page and the completion,
# between the lines 'BEGIN generated PART' and 'END generated PART'.
#
#   docs.sh [--check] DOCGEN FILE...
#
# With --check change nothing, and fail if a file is not as it should be.

set -eu

check=
if [[ ${1-} == --check ]]; then
	check=1
	shift
fi
docgen=$1
shift

new=$(mktemp)
trap 'rm -f "$new"' EXIT
status=0

for file; do
	while IFS= read -r line; do
		if [[ $line == *'BEGIN generated '* ]]; then
			printf '%s\n' "$line"
			"$docgen" "${line##* }"
			while IFS= read -r line && [[ $line != *'END generated '* ]]; do
				:
			done
		fi
		printf '%s\n' "$line"
	done <"$file" >"$new"
	if cmp -s "$file" "$new"; then
		continue
	elif [[ $check ]]; then
		diff -u "$file" "$new" || true
		echo "$file is not what the tables say: make -C userspace docs"
		status=1
	else
		cat "$new" >"$file"
	fi
done
exit $status
