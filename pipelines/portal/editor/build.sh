#!/bin/sh
# Makes ../assets/codemirror.min.js from the versions in package.json. Needs npm and a registry; the portal needs neither.
#     sh pipelines/portal/editor/build.sh
# A new version: change package.json, run this, bring the versions and the checksum in the LICENSE file up to date.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$here/package.json" "$here/codemirror.mjs" "$work"
cd "$work"
npm install --no-audit --no-fund --no-package-lock --ignore-scripts >/dev/null
node node_modules/esbuild/install.js
node_modules/.bin/esbuild codemirror.mjs --bundle --minify --format=iife --global-name=CodeMirror --target=es2022 \
    --legal-comments=none --outfile="$here/../assets/codemirror.min.js"
sha256sum "$here/../assets/codemirror.min.js"
