"""python -m training COMMAND ...: every command of the package, from one table."""

import importlib
import sys

# Name -> (module, what it does), in the order of the help.
COMMANDS = {
    "train": ("fit.train", "train a network on sharp images"),
    "bank": ("fit.bank", "simulate the light that runs learn from"),
    "trust": ("fit.trust", "train the trust map of a finished network"),
    "mix": ("fit.mix", "mix the weights that a run began with and those that it reached"),
    "finetune": ("finetune.finetune", "train the released model further on your own focal stacks"),
    "make-stacks": ("finetune.make_stacks", "simulate focal stacks, to try finetune with"),
    "export": ("release.export", "write the model file of a checkpoint"),
    "card": ("release.card", "write the card of a model file"),
    "bioimage": ("release.bioimage", "write a model file as a package of bioimage.io"),
    "evaluate": ("evaluate.protocol", "measure a model on focal stacks or pairs"),
    "held-out": ("evaluate.held_out", "measure models and deconvolution on simulated specimens"),
    "oracle": ("evaluate.oracle", "measure deconvolution with the truth in hand on real stacks"),
    "error-map": ("evaluate.error_map", "measure a trust map on real focal stacks"),
    "failures": ("evaluate.failures", "show a model on images that it is not made for"),
    "focus": ("evaluate.focus_measures", "compare focus measures on real focal stacks"),
    "report": ("evaluate.report", "write docs/evaluation.md"),
    "compare": ("studies.compare", "compare networks of equal cost; writes docs/networks.md"),
    "ablate": ("studies.ablate", "compare settings, one at a time; writes docs/ablation.md"),
    "filters": ("studies.filters", "what a known blur is worth before any training"),
    "demo": ("evaluate.demo", "simulate the demo's images, and report on the result"),
}


def main(argv=None):
    argv = sys.argv[1:] if argv is None else argv
    if argv and argv[0] in COMMANDS:
        module, _ = COMMANDS[argv[0]]
        importlib.import_module(f"training.{module}").main(argv[1:])
        return
    listed = "\n".join(f"  {name:12} {words}" for name, (_, words) in COMMANDS.items())
    if argv and argv[0] in ("-h", "--help"):
        print(f"usage: python -m training COMMAND ...\n\n{listed}\n\nEach has --help.")
        return
    sys.exit(f"training: {argv[0] if argv else 'no command'}: expected one of\n{listed}")


if __name__ == "__main__":
    main()
