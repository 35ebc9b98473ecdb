#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What fuzzers found worth keeping goes through the programs they feed.

cd "$(dirname "$0")/corpus" || exit 1
number=0
failed=0

echo "KTAP version 1"
for name in *; do
	number=$((number + 1))
	if said=$("${SAN_PECTL%/*}/fuzz_$name" "$name" 2>&1); then
		echo "ok $number $name: $(find "$name" -type f | wc -l) inputs"
	else
		echo "not ok $number $name"
		tail -n 40 <<<"$said" | sed 's/^/# /'
		failed=1
	fi
done
echo "1..$number"
exit $failed
