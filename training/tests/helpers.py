"""What tests of several rooms share."""

from training.fit.sources import SharpImages
from training.fit.train import Plan, train


def trained(config, data, out, minutes, resume=False, log=lambda *_: None, workers=0, **plan):
    """`train` on the sharp images in the folder `data`, simulated between the steps. Returns the best score."""
    return train(config, SharpImages(data), Plan(out, minutes, resume, workers, **plan), log)
