#!/bin/sh
# Writes one archive from which a server without network installs the program: make bundle.
#     deploy/bundle.sh UV PYTHON [x86_64|aarch64] [3.11]
# It holds the program of HEAD, the wheels of exactly the versions in uv.lock for that machine and Python, the units of
# deploy/, and a list of checksums. A package index is needed here, never on the server.
set -eu
uv=$1
python=$2
machine=${3:-x86_64}
version=${4:-3.11}
case $machine in x86_64 | aarch64) ;; *) echo "ARCH is $machine: expected x86_64 or aarch64" >&2 && exit 1 ;; esac

here=$(cd "$(dirname "$0")/.." && pwd)
cd "$here"
commit=$(git rev-parse --short=10 HEAD)
name=district-finance-$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml | head -n 1)-$commit-$machine-py$version
target=${BUNDLE_DIRECTORY:-dist}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/$name/wheels" "$target"

git archive HEAD pipelines sql pyproject.toml README.md >"$work/program.tar"
mkdir "$work/program" && tar -x -C "$work/program" -f "$work/program.tar"
git archive HEAD deploy docs raw workspace.yaml NOTICE README.md README.zh-CN.md | tar -x -C "$work/$name"
cp deploy/install.sh "$work/$name/install.sh" && chmod +x "$work/$name/install.sh"
printf '%s\n' "$version" >"$work/$name/PYTHON"
printf '%s\n' "${name#district-finance-}" >"$work/$name/VERSION"

"$uv" export --quiet --frozen --no-dev --no-emit-project --extra postgres --output-file "$work/$name/requirements.txt"
platforms=""
for glibc in 2_17 2_24 2_26 2_27 2_28 2_31 2_34; do platforms="$platforms --platform manylinux_${glibc}_$machine"; done
echo "Fetching the wheels of uv.lock for $machine, Python $version … 正在下载依赖 …"
# shellcheck disable=SC2086 # a list of options
"$python" -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary=:all: \
    --python-version "$version" --implementation cp --platform "manylinux2014_$machine" $platforms \
    --requirement "$work/$name/requirements.txt" --dest "$work/$name/wheels"
"$python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: pip --dest "$work/$name/wheels"
"$python" -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir "$work/$name/wheels" "$work/program"

(cd "$work/$name" && find . -type f ! -name SHA256SUMS -print0 | sort -z | xargs -0 sha256sum >SHA256SUMS)
tar -C "$work" --sort=name --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX -czf "$target/$name.tar.gz" "$name"
(cd "$target" && sha256sum "$name.tar.gz" >"$name.tar.gz.sha256")
echo "$target/$name.tar.gz"
