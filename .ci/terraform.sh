#!/bin/sh
# Holds directories of Terraform to `terraform fmt` and `terraform validate`, against the schema of the AWS provider and
# without network: .ci/terraform.sh DIR...
# Every directory below that holds .tf files is a root of its own. Exits 1 when one is wrong, 0 when all are right or, with
# the word SKIPPED, when the schema or Terraform is not here.
set -eu
[ $# -gt 0 ] || { echo "usage: $0 DIR..." >&2; exit 2; }
schema=$(dirname "$(readlink -f "$0")")/../../shared/terraform-schema
skip() { echo "SKIPPED: Terraform was not validated: $1"; exit 0; }
[ -f "$schema/tf_schema_provider.py" ] || skip "$schema is not here"
command -v terraform >/dev/null || skip "terraform is not on PATH"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "${TF_SCHEMA_PYTHON:-}" ]; then
    venv=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/foureyes-terraform-python
    [ -x "$venv/bin/python" ] || python3 -m venv "$venv"
    "$venv/bin/python" -c 'import grpc, msgpack, cryptography' 2>/dev/null ||
        "$venv/bin/pip" install --quiet grpcio==1.85.1 msgpack==1.2.4 cryptography
    TF_SCHEMA_PYTHON=$venv/bin/python
fi
export TF_SCHEMA_PYTHON TF_SCHEMA_JSON="${TF_SCHEMA_JSON:-$schema/aws-6.66.0.json}"
printf 'provider_installation {\n  dev_overrides { "hashicorp/aws" = "%s/bin" }\n}\ndisable_checkpoint = true\n' "$schema" >"$work/rc"
export TF_CLI_CONFIG_FILE="$work/rc" TF_DATA_DIR="$work/data"

find "$@" -name '*.tf' -exec dirname {} \; | sort -u >"$work/roots"
[ -s "$work/roots" ] || { echo "no .tf files in: $*" >&2; exit 1; }
failed=0
while IFS= read -r root; do
    terraform fmt -check -diff "$root" || failed=1
    if terraform -chdir="$root" validate -no-color >"$work/out" 2>&1; then
        echo "valid: $root"
    else
        echo "INVALID: $root"
        cat "$work/out"
        failed=1
    fi
done <"$work/roots"
exit $failed
