#!/usr/bin/env python3
"""What each AWS SDK crate costs to build, of the newest `cargo build --timings`, as a Markdown table.

    cargo clean && cargo build --timings && .ci/build_cost.py

Seconds that the compiler was at work on the crate; two crates are at work at once on two cores.
"""

import json
import os
import pathlib
import re
import sys

page = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", "target")) / "cargo-timings" / "cargo-timing.html"
if not page.is_file():
    sys.exit(f"{page} is not there; run `cargo build --timings` first")
found = re.search(r"UNIT_DATA = (\[.*?\]);", page.read_text(), re.DOTALL)
if found is None:
    sys.exit(f"{page} is of another version of cargo")
seconds = {}
for unit in json.loads(found.group(1)):
    seconds[unit["name"]] = seconds.get(unit["name"], 0) + unit["duration"]
sdk = {name: cost for name, cost in seconds.items() if name.startswith("aws-sdk-")}
if not sdk:
    sys.exit("no SDK crate was built; run `cargo clean` first")

print("| crate | seconds |\n|---|---|")
for name, cost in sorted(sdk.items(), key=lambda item: -item[1]):
    print(f"| {name} | {cost:.0f} |")
print(f"| all {len(sdk)} | {sum(sdk.values()):.0f} |")
print(f"| everything | {sum(seconds.values()):.0f} |")
