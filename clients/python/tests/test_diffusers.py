"""The guard around real pipelines, with tiny networks of random weights: `make test-guards`.

In an environment of its own, against a registry that says what it is told: what the client asks is tested elsewhere.
"""

import http.server
import importlib.util
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import (
    AutoencoderKL,
    DDIMScheduler,
    StableDiffusionImg2ImgPipeline,
    StableDiffusionInpaintPipeline,
    UNet2DConditionModel,
)
from PIL import Image
from veto_client import ProtectedError, Veto
from veto_client.diffusers import GuardedPipeline

SIDE = 64
PHOTO = Image.effect_noise((SIDE * 2, SIDE * 2), 90).resize((SIDE, SIDE)).convert("RGB")
MASK = Image.new("L", (SIDE, SIDE), 255)
EMBEDS = torch.randn(1, 7, 32, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def registry() -> Iterator[dict[str, Any]]:
    """Its address, what it says of `edit`, and the uses that it was asked."""
    state: dict[str, Any] = {"says": "denied", "asked": []}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            state["asked"].append(asked["uses"])
            result = {"denied": "protected", "no_match": "no_match"}[state["says"]]
            uses = dict.fromkeys(asked["uses"], state["says"])
            body = json.dumps(
                {"id": "chk", "result": result, "uses": uses, "matches": [], "cache": {"ttl_s": 0}}
            ).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield state | {"url": f"http://127.0.0.1:{server.server_address[1]}", "state": state}
        server.shutdown()


@pytest.fixture(scope="module")
def veto(registry: dict[str, Any]) -> Iterator[Veto]:
    with Veto(registry["url"], "k", on_error="raise") as veto:
        yield veto


def tiny(kind: Any) -> Any:
    torch.manual_seed(0)
    unet = UNet2DConditionModel(
        block_out_channels=(8, 16),
        norm_num_groups=4,
        layers_per_block=1,
        sample_size=8,
        in_channels=4,
        out_channels=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=32,
        attention_head_dim=4,
    )
    vae = AutoencoderKL(
        block_out_channels=(8, 16),
        norm_num_groups=4,
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
    )
    parts = {"text_encoder": None, "tokenizer": None, "safety_checker": None, "feature_extractor": None}
    pipeline = kind(unet=unet, vae=vae, scheduler=DDIMScheduler(), requires_safety_checker=False, **parts)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


OPTIONS = {"prompt_embeds": EMBEDS, "guidance_scale": 1.0, "num_inference_steps": 2, "strength": 1.0}
AS_ARRAY = np.asarray(PHOTO, np.float32)[None] / 255
GIVEN = {
    "a Pillow image": PHOTO,
    "a list": [PHOTO],
    "an array": AS_ARRAY,
    "a tensor": torch.from_numpy(AS_ARRAY).permute(0, 3, 1, 2),
    "a tensor from -1 to 1": torch.from_numpy(AS_ARRAY).permute(0, 3, 1, 2) * 2 - 1,
}


@pytest.mark.parametrize("given", GIVEN)
@pytest.mark.parametrize("kind", [StableDiffusionImg2ImgPipeline, StableDiffusionInpaintPipeline])
def test_a_protected_photo_is_not_edited_and_a_free_one_is(
    veto: Veto, registry: dict[str, Any], kind: Any, given: str
) -> None:
    pipeline = GuardedPipeline(tiny(kind), veto)
    more = {"mask_image": MASK, "height": SIDE, "width": SIDE} if kind is StableDiffusionInpaintPipeline else {}
    registry["state"]["says"] = "denied"
    with pytest.raises(ProtectedError, match="refuses: edit"):
        pipeline(image=GIVEN[given], **more, **OPTIONS)
    registry["state"]["says"] = "no_match"
    [made] = pipeline(image=GIVEN[given], **more, **OPTIONS).images
    assert made.size[0] >= SIDE
    assert registry["asked"][-2:] == [["edit"], ["edit"]]
    assert pipeline.unet.config.sample_size == 8  # in all else it is the pipeline


def test_what_cannot_be_checked_is_refused(veto: Veto) -> None:
    pipeline = GuardedPipeline(tiny(StableDiffusionImg2ImgPipeline), veto)
    with pytest.raises(TypeError, match=r"cannot check a ndarray of shape \(1, 8, 8, 4\)"):
        pipeline(image=torch.zeros(1, 4, 8, 8), **OPTIONS)
    with pytest.raises(TypeError, match="starts from none of image, ip_adapter_image"):
        GuardedPipeline(lambda prompt: prompt, veto)


def test_the_node_gives_through_what_is_free(registry: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for ComfyUI: it reads what a node declares, then calls it with an IMAGE."""
    monkeypatch.setenv("VETO_URL", registry["url"])
    monkeypatch.setenv("VETO_KEY", "k")
    place = Path(__file__).resolve().parents[2] / "comfyui" / "__init__.py"
    spec = importlib.util.spec_from_file_location("veto_comfyui", place)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    node = module.NODE_CLASS_MAPPINGS["VetoGuard"]
    assert node.INPUT_TYPES()["required"]["image"] == ("IMAGE",)
    image = torch.from_numpy(AS_ARRAY)
    registry["state"]["says"] = "no_match"
    [given] = getattr(node(), node.FUNCTION)(image=image, uses="edit, likeness")
    assert given is image
    assert registry["asked"][-1] == ["likeness", "edit"]
    registry["state"]["says"] = "denied"
    with pytest.raises(ProtectedError):
        getattr(node(), node.FUNCTION)(image=image, uses="edit")
