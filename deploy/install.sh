#!/bin/sh
# Installs or upgrades the program from the unpacked bundle in which this file lies; needs Python and no network.
#     ./install.sh [--prefix /opt] [--python /usr/bin/python3.11]
# Everything goes to <prefix>/district-finance-<version>; <prefix>/district-finance points to the program in use and moves
# only after the new one has passed its own checks. The program before stays beside it: to go back, move the link back.
set -eu
prefix=/opt
python=
while [ $# -gt 0 ]; do
    case $1 in
    --prefix) prefix=$2 && shift 2 ;;
    --python) python=$2 && shift 2 ;;
    *) echo "$0 [--prefix DIRECTORY] [--python PROGRAM]" >&2 && exit 2 ;;
    esac
done

stop() {
    echo "$1" >&2
    exit 1
}

cd "$(dirname "$0")"
sha256sum --quiet --strict -c SHA256SUMS ||
    stop "The bundle is damaged or changed; copy it again. 安装包损坏或被改动，请重新拷贝。"
listed=$(cut -c67- SHA256SUMS | sort)
found=$(find . -type f ! -name SHA256SUMS | sort)
[ "$listed" = "$found" ] || stop "The bundle holds files that are not listed. 安装包中有清单以外的文件。"

wanted=$(cat PYTHON)
python=${python:-python$wanted}
"$python" -c "import sys; sys.exit('%d.%d' % sys.version_info[:2] != '$wanted')" 2>/dev/null ||
    stop "Python $wanted is needed (found: $python). 需要 Python $wanted。"
version=$(cat VERSION)
case $version in *-"$(uname -m)"-*) ;; *) stop "The bundle is for another machine than $(uname -m). 安装包与本机架构不符。" ;; esac

target=$prefix/district-finance-$version
link=$prefix/district-finance
[ ! -e "$link" ] || [ -L "$link" ] ||
    stop "$link is a directory of its own; move it away first. $link 不是符号链接，请先移走。"
[ "$(readlink "$link" 2>/dev/null || true)" != "$target" ] || stop "$version is installed already. 该版本已安装。"
rm -rf "$target"
mkdir -p "$target"
trap 'rm -rf "$target"' EXIT

echo "Installing $version … 正在安装 …"
"$python" -m venv --without-pip "$target/.venv"
pip="$target/.venv/bin/python $(echo wheels/pip-*.whl)/pip"
$pip install --quiet --no-index --find-links wheels --no-deps --require-hashes --requirement requirements.txt
$pip install --quiet --no-index --no-deps wheels/district_finance-*.whl
"$target/.venv/bin/python" -m compileall -q "$target/.venv/lib" >/dev/null || true
cp -R deploy docs raw workspace.yaml NOTICE README.md README.zh-CN.md "$target"

# The new program must read the samples, publish them, and find this machine in order, before it becomes the program.
trial=$(mktemp -d)
trap 'rm -rf "$target" "$trial"' EXIT
program=$target/.venv/bin/district-finance
(cd "$trial" && env -i PATH="$PATH" HOME="$trial" LANG=C.UTF-8 "$program" nightly --raw "$target/raw" --warehouse "$trial/warehouse" >"$trial/log" 2>&1) ||
    { cat "$trial/log" >&2; stop "The new program cannot publish the samples; nothing was changed. 新版本未通过试运行，未作任何更改。"; }
if [ -r /etc/district-finance/environment ] && [ -L "$link" ]; then
    check="$target/deploy/district-finance"
    sed "s#/opt/district-finance/#$target/#" "$check" >"$trial/doctor" && chmod 755 "$trial" "$trial/doctor"
    sh "$trial/doctor" doctor || stop "The new program's doctor found a failure; the one before stays. doctor 未通过，保留原版本。"
else
    (cd "$trial" && env -i PATH="$PATH" HOME="$trial" LANG=C.UTF-8 "$program" doctor --raw "$target/raw" --warehouse "$trial/warehouse") ||
        stop "doctor found a failure; nothing was changed. doctor 未通过，未作任何更改。"
fi

ln -sfn "$target" "$link.new"
mv -T "$link.new" "$link"
trap 'rm -rf "$trial"' EXIT
echo "Installed: $link -> $target 安装完成"
echo "Next 下一步: $link/docs/install-offline.md, $link/docs/install-offline.zh-CN.md"
