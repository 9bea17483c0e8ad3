#!/usr/bin/env python3
"""Holds the manifests against the schema of Kubernetes and runs their commands as the containers would.

    pip install --require-hashes -r deploy/kubernetes/requirements.txt
    python deploy/kubernetes/test.py target/release/snatsim
"""

import copy
import filecmp
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import kubernetes_validate
import yaml

# The first in which all fields are stable, and the newest that the locked package knows.
VERSIONS = ("1.33", "1.37")
HERE = Path(__file__).parent
SWEEP = HERE.parents[1] / "configs/sweeps/hot-node-share.json"


def manifests() -> dict[str, dict]:
    texts = (path.read_text() for path in sorted(HERE.glob("*.yaml")))
    every = (document for text in texts for document in yaml.safe_load_all(text))
    return {document["metadata"]["name"]: document for document in every}


def keeps_to_the_schema(manifest: dict) -> bool:
    try:
        for version in VERSIONS:
            kubernetes_validate.validate(manifest, version, strict=True)
    except kubernetes_validate.ValidationError as error:
        print(f"{'.'.join(map(str, error.path))}: {error.message}", file=sys.stderr)
        return False
    return True


def container(job: dict) -> dict:
    return job["spec"]["template"]["spec"]["containers"][0]


def run(command: list[str], values: dict[str, str], root: Path, snatsim: Path) -> None:
    """Runs a command with what the kubelet puts in, and the mounts of the container as folders of root."""
    for name, value in values.items():
        command = [word.replace(f"$({name})", value) for word in command]
    command = [re.sub(r"(?<!\w)/(data|sweep)/", rf"{root}/\1/", word) for word in command]
    path = f"{snatsim.parent}:{os.environ['PATH']}"
    subprocess.run(command, env={"PATH": path}, stdout=subprocess.DEVNULL, check=True)


def same(a: Path, b: Path) -> bool:
    found = filecmp.dircmp(a, b, ignore=[])
    deeper = all(same(a / name, b / name) for name in found.common_dirs)
    equal = filecmp.cmpfiles(a, b, found.common_files, shallow=False)[0]
    return deeper and not (found.left_only or found.right_only) and len(equal) == len(found.common_files)


def main(snatsim: Path) -> None:
    every = manifests()
    assert len(every) == 5, sorted(every)
    for name, manifest in every.items():
        assert keeps_to_the_schema(manifest), name
    print(f"kubernetes: {', '.join(every)} keep to the schema of {' and '.join(VERSIONS)}")

    misspelt = copy.deepcopy(every["snatsim-shards"])
    misspelt["spec"]["backoffLimitsPerIndex"] = misspelt["spec"].pop("backoffLimitPerIndex")
    assert not keeps_to_the_schema(misspelt)
    print("kubernetes: a misspelt field is refused")

    job = every["snatsim-shards"]["spec"]
    shards = job["completions"]
    with tempfile.TemporaryDirectory() as made:
        root = Path(made)
        (root / "sweep").mkdir()
        (root / "data").mkdir()
        shutil.copy(SWEEP, root / "sweep/sweep.json")
        for index in range(shards):
            values = {"JOB_COMPLETION_INDEX": str(index), "CPUS": "2"}
            run(["snatsim", *container(every["snatsim-shards"])["args"]], values, root, snatsim)
        run(container(every["snatsim-merge"])["command"], {}, root, snatsim)
        run(["snatsim", "sweep", "/sweep/sweep.json", "-o", "/data/one", "-q"], {}, root, snatsim)
        assert same(root / "data/whole", root / "data/one")
    print(f"kubernetes: {shards} shards and the merge come to the same bytes as one process")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
