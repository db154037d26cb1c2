"""python -m training COMMAND ...: one name for what a user of the package runs."""

import importlib
import sys

COMMANDS = {
    "train": "train a network on sharp images",
    "finetune": "train the released model further on focal stacks of your own",
    "make-stacks": "simulated focal stacks, to try finetune with",
    "evaluate": "measure a model on focal stacks or pairs",
    "export": "write the model file of a checkpoint",
    "bioimage": "write a model file as a package of bioimage.io",
}


def main(argv=None):
    argv = sys.argv[1:] if argv is None else argv
    if argv and argv[0] in COMMANDS:
        importlib.import_module("training." + argv[0].replace("-", "_")).main(argv[1:])
        return
    listed = "\n".join(f"  {name:12} {words}" for name, words in COMMANDS.items())
    if argv and argv[0] in ("-h", "--help"):
        print(f"usage: python -m training COMMAND ...\n\n{listed}\n\nEach has --help.")
        return
    sys.exit(f"training: {argv[0] if argv else 'no command'}: expected one of\n{listed}")


if __name__ == "__main__":
    main()
