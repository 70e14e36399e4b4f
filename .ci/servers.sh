#!/usr/bin/env bash
# Runs the built program against servers that speak the AWS API: moto, ministack, and stubs of our own for what neither
# has. tests/servers/README.md says how an area adds itself.
#
#   .ci/servers.sh BINARY
#
# Needs PyPI once, to fill .ci/venv. Where it cannot be reached the tests are skipped, loudly; with CI=true that is a
# failure.
set -euo pipefail
cd "$(dirname "$0")/.."

binary=$(realpath "${1:?usage: .ci/servers.sh BINARY}")
venv=.ci/venv
python=$venv/bin/python
# cbor2: ministack answers for CloudWatch with it.
packages=('moto[server]==5.2.5' 'ministack==1.5.33' 'cbor2==6.3.0')
work=$(mktemp -d)
pids=()

cleanup() {
    for pid in "${pids[@]}"; do
        kill "$pid" 2>/dev/null || true
    done
    wait 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT

skip() {
    echo "SKIPPED: the servers' tests did not run: $1" >&2
    [[ ${CI:-} == true ]] && exit 1
    exit 0
}

install() {
    [[ -f $venv/installed && $(cat "$venv/installed") == "${packages[*]}" ]] && return
    command -v python3 >/dev/null || skip "there is no python3"
    rm -rf "$venv"
    python3 -m venv "$venv" || skip "python3 cannot make a virtual environment"
    "$venv/bin/pip" install --quiet --disable-pip-version-check "${packages[@]}" || skip "PyPI cannot be reached"
    echo "${packages[*]}" >"$venv/installed"
}

free_port() {
    "$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# start NAME PORT COMMAND...: runs the command, and waits until the port answers.
start() {
    local name=$1 port=$2
    shift 2
    "$@" >"$work/$name.log" 2>&1 &
    local pid=$!
    pids+=("$pid")
    for _ in {1..150}; do
        if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            return
        fi
        if ! kill -0 "$pid" 2>/dev/null; then
            break
        fi
        sleep 0.2
    done
    echo "$name did not start:" >&2
    tail -n 20 "$work/$name.log" >&2
    return 1
}

install

# Only what is set here: no profile, proxy or endpoint of whoever runs the tests.
unset "${!AWS_@}" || true
export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_REGION=eu-west-1 AWS_EC2_METADATA_DISABLED=true
export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null NO_PROXY=127.0.0.1 no_proxy=127.0.0.1

moto_port=$(free_port)
export AWS_ENDPOINT_URL=http://127.0.0.1:$moto_port
MOTO_IAM_LOAD_MANAGED_POLICIES=true start moto "$moto_port" "$venv/bin/moto_server" -H 127.0.0.1 -p "$moto_port"

# Services that moto lacks and ministack has: one name a line, as in AWS_ENDPOINT_URL_<NAME>.
ministack_port=$(free_port)
export MINISTACK_URL=http://127.0.0.1:$ministack_port
BIND_HOST=127.0.0.1 GATEWAY_PORT=$ministack_port MINISTACK_ACCOUNT_ID=123456789012 \
    start ministack "$ministack_port" "$venv/bin/ministack"
while read -r service; do
    [[ -n $service && $service != \#* ]] && export "AWS_ENDPOINT_URL_$service=$MINISTACK_URL"
done <tests/servers/ministack.txt

# A service that neither has is a stub of our own: NAME_stub.py PORT NAME.json.
for stub in tests/servers/*_stub.py; do
    name=$(basename "$stub" _stub.py)
    port=$(free_port)
    export "AWS_ENDPOINT_URL_${name^^}=http://127.0.0.1:$port"
    start "$name-stub" "$port" "$python" "$stub" "$port" "tests/servers/$name.json"
done

# Calls that an emulator lacks, of services that it has otherwise: answered in front of it.
for service in lambda rds s3; do
    port=$(free_port)
    endpoint=AWS_ENDPOINT_URL_${service^^}
    start "$service-in-front" "$port" \
        "$python" tests/servers/in_front.py "$port" "$service" "${!endpoint:-$AWS_ENDPOINT_URL}" tests/servers/in_front.json
    export "$endpoint=http://127.0.0.1:$port"
done

errors_port=$(free_port)
export AMPLIFY_WITH_ERRORS=http://127.0.0.1:$errors_port
AMPLIFY_STUB_ERRORS=ListWebhooks=403:AccessDeniedException,ListBackendEnvironments=400:BadRequestException \
    start amplify-stub-with-errors "$errors_port" \
    "$python" tests/servers/amplify_stub.py "$errors_port" tests/servers/amplify.json

# What the tests of kept secrets believe AWS may answer is what its models say.
export PYTHONDONTWRITEBYTECODE=1
"$python" tests/servers/shapes.py

# Each area seeds and checks its own part of one account: seed*.py, then the program once, then check*.py.
for seed in tests/servers/seed*.py; do
    "$python" "$seed" || { echo "$seed failed" >&2; exit 1; }
done
"$python" tests/servers/collect.py "$binary" "$work/account.json"
failed=0
for check in tests/servers/check*.py; do
    "$python" "$check" "$binary" "$work/account.json" || { echo "$check failed" >&2; failed=1; }
done
((failed == 0))

# A second opinion on the engine: an evaluator that somebody else wrote, and a server that really refuses.
unset "${!AWS_@}" || true
"$python" tests/servers/second_opinion_library.py --engine "$binary"
"$python" tests/servers/second_opinion.py --engine "$binary"
