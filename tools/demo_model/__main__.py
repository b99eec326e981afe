"""`python -m tools.demo_model`: train, export, verify, and put the file in its place. A maintainer's tool."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path

from tools.demo_model import manifest
from tools.demo_model.data import Question, questions


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.demo_model", description=__doc__)
    parser.add_argument("--epochs", type=int, default=70, help="passes over all texts (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=2, help="processor threads to train with")
    parser.add_argument("--work", type=Path, default=Path("build/demo_model"), help="where the new file is made")
    parser.add_argument("--check", action="store_true", help="only say what the committed file does not know")
    options = parser.parse_args()
    asked = questions()
    if options.check:
        return _say(manifest.unknown(asked))
    if missing := [q.label for q in asked if not q.path.is_file()]:
        return _say([f"{label}: no answer" for label in missing])
    options.work.mkdir(parents=True, exist_ok=True)
    return _build(asked, options.work / "demo.gguf", options.epochs, options.threads)


def _build(asked: list[Question], new: Path, epochs: int, threads: int) -> int:
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # on a busy machine, waiting threads must not spin
    import torch

    from tools.demo_model import export, modelfile, train, verify, vocabulary

    torch.set_num_threads(threads)
    tokenizer = vocabulary.learn(text for q in asked for text in (q.prompt, q.completion))
    network = train.train(train.texts(asked, tokenizer), tokenizer.get_vocab_size(), epochs)
    export.write(network, tokenizer, new)
    if wrong := verify.wrong(new, asked):
        return _say([*wrong, f"{len(wrong)} answers are not exact; {new} is not used. More --epochs may help."])
    shutil.copyfile(new, manifest.GGUF)
    manifest.write(asked, manifest.GGUF)
    modelfile.write()
    print(f"{len(asked)} answers exact; {manifest.GGUF} is {manifest.GGUF.stat().st_size / 1e6:.1f} MB")
    return 0


def _say(complaints: list[str]) -> int:
    print("\n".join(complaints) or "the demo model knows every answer")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
