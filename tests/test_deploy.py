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


def pods() -> list[tuple[str, dict[str, Any]]]:
    """What each pod of the manifests is, with the name of what it is in."""
    return [
        (each["metadata"]["name"], each["spec"]["template"]["spec"])
        for each in objects()
        if "template" in each.get("spec", {})
    ]


def containers() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each container of the manifests, with the name of what it is in."""
    for name, pod in pods():
        for container in pod["containers"]:
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
    assert len(own) == 2
    for container in own:
        assert container["securityContext"]["allowPrivilegeEscalation"] is False
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_services_lead_to_pods_and_requests_are_told():
    labels = [
        each["spec"]["template"].get("metadata", {}).get("labels", {})
        for each in objects()
        if "template" in each.get("spec", {})
    ]
    for each in objects():
        if each["kind"] == "Service":
            assert each["spec"]["selector"] in labels, each["metadata"]["name"]
    assert all(container["resources"]["requests"] for _, container in containers())


def test_no_service_is_taken_for_a_setting():
    """Kubernetes would tell each pod of the services as ADVISOR_PORT, CHROMA_PORT, ...: unknown settings."""
    assert len(pods()) == 4
    for name, pod in pods():
        assert pod["enableServiceLinks"] is False, name


def test_a_probe_waits_as_long_as_a_busy_replica_takes():
    [advisor] = [container for name, container in containers() if name == "advisor"]
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
