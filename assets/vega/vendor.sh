#!/usr/bin/env bash
# Copies the runtime of the page out of the npm packages that package-lock.json names. Run it after a change of
# versions, and commit what it wrote; nothing is fetched when snatsim is built or a report is made.
set -euo pipefail
cd "$(dirname "$0")"
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
cp package.json package-lock.json "$made"
(cd "$made" && npm ci --ignore-scripts --no-audit --no-fund > /dev/null)
from=$made/node_modules

cp "$from/vega/build/vega.min.js" .
# A map that is not there would be asked for.
grep -v '^//# sourceMappingURL' "$from/vega-lite/build/vega-lite.min.js" > vega-lite.min.js
# Published as a module only: what it imports is part of vega, and it joins it there.
{
    echo '(function () {'
    echo '"use strict";'
    sed -e "s/^import \({.*}\) from 'vega-util';$/const \1 = vega;/" \
        -e 's/^export { expression as expressionInterpreter };$/vega.expressionInterpreter = expression;/' \
        -e '/^\/\/# sourceMappingURL/d' "$from/vega-interpreter/build/vega-interpreter.js"
    echo '})();'
} > vega-interpreter.js

# The licences of all that is inside, each text once.
{
    for folder in "$from"/vega* "$from"/d3-* "$from"/topojson-client "$from"/delaunator "$from"/robust-predicates \
        "$from"/internmap; do
        text=$(ls "$folder"/LICEN[CS]E* 2> /dev/null | head -1)
        [[ -n $text ]] || { echo "no licence in $folder" >&2; exit 1; }
        printf '%s %s\n' "$(sha256sum < "$text" | cut -c1-64)" "$folder"
    done | sort > "$made/list"
    cut -d' ' -f1 "$made/list" | uniq | while read -r hash; do
        folders=$(grep "^$hash" "$made/list" | cut -d' ' -f2)
        for folder in $folders; do
            node -p "const p = require('$folder/package.json'); p.name + ' ' + p.version"
        done
        echo
        cat "$(ls "$(head -1 <<< "$folders")"/LICEN[CS]E* | head -1)"
        printf '\n----\n\n'
    done
} > LICENSES.txt
wc -c vega.min.js vega-lite.min.js vega-interpreter.js LICENSES.txt
