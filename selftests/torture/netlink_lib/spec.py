#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The specification of the netlink family as tables in C.

    spec.py SPECIFICATION >spec-gen.c
"""
import sys

import yaml

TYPES = {name: f"SPEC_{name.upper()}" for name in (
    "flag", "u8", "u16", "u32", "u64", "string", "binary", "nest", "pad")}


def ident(name):
    return name.replace("-", "_")


def limit(attr, check, consts):
    value = attr.get("checks", {}).get(check, 0)
    return consts.get(value, value)


def print_set(attrs, enums, consts):
    name = attrs["name"]
    print(f"static const struct spec_attr attrs_{ident(name)}[] = {{")
    for number, attr in enumerate(attrs["attributes"], 1):
        number = attr.get("value", number)
        fields = [f'.name = "{attr["name"]}"', f".kind = {TYPES[attr['type']]}",
                  f".max_len = {limit(attr, 'max-len', consts)}",
                  f".exact_len = {limit(attr, 'exact-len', consts)}",
                  f".values = {enums.get(attr.get('enum'), 0)}"]
        if "nested-attributes" in attr:
            fields.append(
                f".nested = &spec_set_{ident(attr['nested-attributes'])}")
        if attr.get("multi-attr"):
            fields.append(".multi = true")
        print(f"\t[{number}] = {{ {', '.join(fields)} }},")
    print("};")
    print(f"const struct spec_set spec_set_{ident(name)} = {{ "
          f'"{name}", attrs_{ident(name)}, {len(attrs["attributes"])} }};\n')


def mask(names, attrs):
    numbers = {attr["name"]: attr.get("value", number)
               for number, attr in enumerate(attrs["attributes"], 1)}
    return " | ".join(f"1ULL << {numbers[name]}" for name in names) or "0"


def print_op(number, operation, sets):
    attrs = sets[operation["attribute-set"]]
    do, dump = operation.get("do", {}), operation.get("dump", {})
    both = {**dump, **do}
    told = both.get("reply") or operation.get("event") or {}
    request = mask(both.get("request", {}).get("attributes", []), attrs)
    reply = mask(told.get("attributes", []), attrs)
    admin = "uns-admin-perm" in operation.get("flags", [])
    print(f'\t[{number}] = {{ "{operation["name"]}", '
          f"&spec_set_{ident(attrs['name'])}, {request}, {reply}, "
          f"{int('do' in operation)}, {int('dump' in operation)}, "
          f"{int(admin)} }},")


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        spec = yaml.safe_load(file)
    enums, consts = {}, {}
    for definition in spec["definitions"]:
        if definition["type"] == "const":
            consts[definition["name"]] = definition["value"]
        else:
            enums[definition["name"]] = len(definition["entries"])
    sets = {attrs["name"]: attrs for attrs in spec["attribute-sets"]}

    print("/* Made of pe.yaml by spec.py. */\n")
    print('#include "spec.h"\n')
    for name in sets:
        print(f"extern const struct spec_set spec_set_{ident(name)};")
    print()
    for attrs in sets.values():
        print_set(attrs, enums, consts)
    print("const struct spec_op spec_ops[] = {")
    operations = [op for op in spec["operations"]["list"]
                  if "attribute-set" in op]
    count = 0
    for number, operation in enumerate(spec["operations"]["list"]):
        number = operation.get("value", number)
        if "attribute-set" in operation:
            print_op(number, operation, sets)
            count = max(count, number + 1)
    print("};\n")
    print(f"const unsigned int spec_ops_count = {count};")
    assert operations, "a family without operations"


main()
