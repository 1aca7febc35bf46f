"""The manifests are what Kubernetes takes, and closed as its "restricted" standard asks: there is no cluster here."""

from typing import Any

import kubernetes_validate
import pytest
import yaml

from tests.deploy.units import ROOT

FOLDER = ROOT / "deploy" / "kubernetes"
MANIFESTS: dict[tuple[str, str], dict[str, Any]] = {
    (each["kind"], each.get("metadata", {}).get("name", "")): each
    for file in sorted(FOLDER.glob("*.yaml"))
    for each in yaml.safe_load_all(file.read_text())
    if each["kind"] != "Kustomization"
}
PODS = {name: each["spec"]["template"]["spec"] for (_, name), each in MANIFESTS.items() if "template" in each["spec"]}


@pytest.mark.parametrize("manifest", MANIFESTS.values(), ids=["-".join(key) for key in MANIFESTS])
@pytest.mark.parametrize("version", ["1.30.0", "1.37.0"])
def test_kubernetes_knows_every_field(manifest: dict[str, Any], version: str) -> None:
    kubernetes_validate.validate(manifest, version, strict=True)


def test_every_file_is_applied() -> None:
    named = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())["resources"]
    assert {*named, "migrate.yaml", "kustomization.yaml"} == {file.name for file in FOLDER.glob("*.yaml")}
    assert all("Not verified here" in file.read_text().splitlines()[0] for file in FOLDER.glob("*.yaml"))


@pytest.mark.parametrize("name", PODS)
def test_a_pod_is_restricted(name: str) -> None:
    pod = PODS[name]
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not pod["automountServiceAccountToken"]
    for container in pod["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert "limits" in container["resources"]
        volumes = {volume["name"] for volume in pod["volumes"]}
        assert {mount["name"] for mount in container["volumeMounts"]} <= volumes


def test_what_is_behind_is_not_asked_and_not_ended() -> None:
    web, metrics = PODS["veto-web"]["containers"]
    asked = {name: web[name]["httpGet"]["path"] for name in ("readinessProbe", "livenessProbe", "startupProbe")}
    assert asked == {"readinessProbe": "/readyz", "livenessProbe": "/healthz", "startupProbe": "/healthz"}
    assert "livenessProbe" not in metrics
    spec = MANIFESTS["Deployment", "veto-web"]["spec"]
    assert spec["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert MANIFESTS["PodDisruptionBudget", "veto-web"]["spec"]["minAvailable"] == spec["replicas"] - 1


def test_there_is_one_beat_and_the_index_is_in_memory() -> None:
    beat = MANIFESTS["Deployment", "veto-beat"]["spec"]
    assert (beat["replicas"], beat["strategy"]) == (1, {"type": "Recreate"})
    volumes = {volume["name"]: volume for volume in PODS["veto-web"]["volumes"]}
    for name in ("index", "counts"):
        assert volumes[name]["emptyDir"]["medium"] == "Memory"
    assert PODS["veto-web"]["shareProcessNamespace"]
    assert [name for name, pod in PODS.items() if "veto-owner" in str(pod)] == ["veto-migrate"]
