"""The files of `deploy/` say what the program understands, and its health check really asks."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml
from served import serve

from advisor.settings import PREFIX, Settings

DEPLOY = Path(__file__).resolve().parent.parent / "deploy"
KNOWN = {PREFIX + name.upper() for name in Settings.model_fields}
MANIFESTS = sorted(path for path in (DEPLOY / "kubernetes").glob("*.yaml") if path.name != "kustomization.yaml")
FILES = [DEPLOY / "Dockerfile", DEPLOY / "compose.yaml", *MANIFESTS]


def objects() -> list[dict[str, Any]]:
    return [found for path in MANIFESTS for found in yaml.safe_load_all(path.read_text(encoding="utf-8"))]


def objects_of_pods() -> list[dict[str, Any]]:
    """What makes pods, of the manifests."""
    return [each for each in objects() if "template" in each.get("spec", {})]


def pods() -> list[tuple[str, dict[str, Any]]]:
    """What each pod of the manifests is, with the name of what it is in."""
    return [(each["metadata"]["name"], each["spec"]["template"]["spec"]) for each in objects_of_pods()]


def containers() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each container of the manifests, with the name of what it is in."""
    for name, pod in pods():
        for container in (*pod.get("initContainers", ()), *pod["containers"]):
            yield name, container


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_settings_are_those_of_the_program(path: Path):
    named = set(re.findall(rf"{PREFIX}[A-Z_]+", path.read_text(encoding="utf-8")))
    assert named <= KNOWN


def test_what_the_image_is_built_of_is_let_through():
    rules = (DEPLOY.parent / ".dockerignore").read_text(encoding="utf-8").splitlines()
    let_through = [rule.removeprefix("!") for rule in rules if rule.startswith("!")]
    copied = re.findall(r"^COPY (?!--from)(.+)$", (DEPLOY / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    for source in (name for line in copied for name in line.split()[:-1]):
        assert (DEPLOY.parent / source).exists(), source
        assert any(fnmatch(source, rule) for rule in let_through), source


def test_the_image_and_the_pods_are_nobody_of_importance():
    assert re.search(r"^USER 10001:10001$", (DEPLOY / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    own = [container for name, container in containers() if container["image"] == "cto-advisor"]
    assert len(own) == 3
    for container in own:
        assert container["securityContext"]["allowPrivilegeEscalation"] is False
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_services_lead_to_pods_and_requests_are_told():
    labels = [each["spec"]["template"].get("metadata", {}).get("labels", {}) for each in objects_of_pods()]
    for each in objects():
        if each["kind"] == "Service":
            assert each["spec"]["selector"] in labels, each["metadata"]["name"]
    assert all(container["resources"]["requests"] for _, container in containers())


def test_no_service_is_taken_for_a_setting():
    """Kubernetes would tell each pod of the services as ADVISOR_PORT, CHROMA_PORT, ...: unknown settings."""
    assert len(pods()) == 4
    for name, pod in pods():
        assert pod["enableServiceLinks"] is False, name


def test_the_databases_are_for_the_advisor_alone():
    labels = {each["metadata"]["name"]: each["spec"]["template"]["metadata"]["labels"] for each in objects_of_pods()}
    policies = {each["metadata"]["name"]: each["spec"] for each in objects() if each["kind"] == "NetworkPolicy"}
    assert set(policies) == {"chroma", "postgres"}
    for name, policy in policies.items():
        assert policy["podSelector"]["matchLabels"] == labels[name]
        [rule] = policy["ingress"]
        [told] = rule["from"][0]["podSelector"]["matchExpressions"]
        assert sorted(told["values"]) == [labels[user][told["key"]] for user in ("advisor", "index")]


def test_the_corpus_is_copied_whole_where_a_copy_was_broken_off(tmp_path: Path):
    [index] = [container for name, container in containers() if name == "index"]
    shell, options, script = index["command"]
    copying = script.replace("/shared", str(tmp_path)).replace("exec advisor index", "echo indexed")
    (tmp_path / ".new" / "corpus").mkdir(parents=True)
    (tmp_path / "evals").mkdir()
    variables = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    for _ in range(2):
        done = subprocess.run([shell, options, copying], capture_output=True, text=True, check=False, env=variables)
        assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "indexed"), done.stderr
    names = {path.relative_to(DEPLOY.parent / "corpus") for path in (DEPLOY.parent / "corpus").rglob("*.md")}
    assert {path.relative_to(tmp_path / "corpus") for path in (tmp_path / "corpus").rglob("*.md")} == names


def test_a_replica_waits_for_the_index_and_the_first_user(tmp_path: Path):
    [wait] = [container for _, container in containers() if container["name"] == "wait"]
    shell, options, script = wait["command"]
    command = [shell, options, script.replace("/shared", str(tmp_path)).replace("sleep 5", "exit 3")]
    variables = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    variables |= {"ADVISOR_STATE_DIR": str(tmp_path / "state")}

    def waits() -> bool:
        return subprocess.run(command, capture_output=True, check=False, env=variables).returncode == 3

    assert waits()
    (tmp_path / "index").mkdir()
    (tmp_path / "index" / "current").write_text("000001-0a1b2c3d\n", encoding="utf-8")
    assert waits()
    add = ["advisor", "users", "add", "grace", "--curator", "--password-stdin"]
    subprocess.run(add, input="a long password of hers\n", text=True, capture_output=True, check=True, env=variables)
    assert not waits()


def test_a_probe_waits_as_long_as_a_busy_replica_takes():
    [advisor] = [container for _, container in containers() if container["name"] == "advisor"]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert advisor[probe]["timeoutSeconds"] == 10, probe


def test_compose_names_what_there_is():
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    services, volumes = compose["services"], compose["volumes"]
    for name, service in services.items():
        assert set(service.get("depends_on", {})) <= set(services), name
        mounted = {volume.split(":")[0] for volume in service.get("volumes", ()) if not volume.startswith(".")}
        assert mounted <= set(volumes), name
    assert services["caddy"]["environment"]["REPLICAS"].split() == ["advisor-1:7860", "advisor-2:7860"]
    variables = set(re.findall(r"\$\{([A-Z_]+)", (DEPLOY / "compose.yaml").read_text(encoding="utf-8")))
    assert variables == set(re.findall(r"^([A-Z_]+)=", (DEPLOY / "example.env").read_text(encoding="utf-8"), re.MULTILINE))


def test_caddy_understands_its_file():
    caddy = shutil.which("caddy")
    if caddy is None:
        pytest.skip("no Caddy on this machine")
    command = [caddy, "validate", "--adapter", "caddyfile", "--config", str(DEPLOY / "Caddyfile")]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_the_health_check_asks(tmp_path: Path, embeddings):
    def check(address: str, token: str = "") -> tuple[int, str]:
        variables = {"HEALTHCHECK_ADDRESS": address} | ({"HEALTHCHECK_TOKEN_FILE": token} if token else {})
        command = [sys.executable, str(DEPLOY / "healthcheck.py")]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **variables})
        return done.returncode, done.stdout.strip()

    with serve(tmp_path, embeddings, local=False) as served, served.signed_in("probe") as client:
        token = tmp_path / "token"
        token.write_text(client.headers["authorization"].removeprefix("Bearer ") + "\n", encoding="utf-8")
        assert check(served.address) == (0, "ok")
        code, said = check(served.address, str(token))
        assert (code, said in ("answered", "near", "abstained")) == (0, True)
        token.write_text("adv_wrong", encoding="utf-8")
        assert check(served.address, str(token))[0] == 1
    assert check(served.address)[0] == 1
