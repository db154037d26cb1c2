//! The table of options, which serves the parser, the command line's flags, the documentation and the errors.

/// When an option takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// When a model is opened.
    Open,
    /// For one run.
    Run,
    /// When a file is restored, beside those of a run.
    File,
    /// When a stream is opened.
    Stream,
}

impl Scope {
    /// The scope in words, for messages.
    pub(super) fn place(self) -> &'static str {
        match self {
            Self::Open => "opening a model",
            Self::Run => "a run",
            Self::File => "restoring a file",
            Self::Stream => "opening a stream",
        }
    }

    /// Whether an option of the table is known here.
    pub fn knows(self, key: &Key) -> bool {
        key.scopes.contains(&self) || self == Self::File && key.scopes.contains(&Self::Run)
    }
}

/// One row of the table.
#[derive(Debug)]
pub struct Key {
    /// The option's name, before the `=`.
    pub name: &'static str,
    /// When it takes effect.
    pub scopes: &'static [Scope],
    /// Its allowed values, in words.
    pub values: &'static str,
    /// Its value if it is not given, in words.
    pub default: &'static str,
    /// A phrase for help texts.
    pub help: &'static str,
}

const OPEN: &[Scope] = &[Scope::Open];

/// All options.
pub const TABLE: &[Key] = &[
    Key {
        name: "device",
        scopes: OPEN,
        values: "auto, cpu, cuda[:N], webgpu, plugin:NAME",
        default: "auto",
        help: "where the network runs; auto is CUDA where it proves itself, else a GPU through WebGPU that proves \
               itself and is twice as fast as the CPU, else the CPU; one given by name works or fails",
    },
    Key {
        name: "threads",
        scopes: OPEN,
        values: "a whole number from 1 to 1024",
        default: "physical cores",
        help: "threads of the network on the CPU",
    },
    Key {
        name: "precision",
        scopes: OPEN,
        values: "auto, fp32, fp16",
        default: "auto",
        help: "numbers inside the network; auto is fp16 on GPUs that compute in it and fp32 elsewhere",
    },
    Key {
        name: "memory",
        scopes: OPEN,
        values: "MiB, a whole number from 1 to 1048576",
        default: "2560",
        help: "working set of the network in one run; larger frames run in tiles",
    },
    Key {
        name: "runtime",
        scopes: OPEN,
        values: "an absolute path",
        default: "PARFOCAL_ONNXRUNTIME, else beside this library or program",
        help: "the ONNX Runtime library; one for the whole process",
    },
    Key {
        name: "plugin",
        scopes: OPEN,
        values: "an absolute path",
        default: "PARFOCAL_WEBGPU, else beside ONNX Runtime",
        help: "the library of an execution provider, for device=webgpu and device=plugin:NAME",
    },
    Key {
        name: "software_adapter",
        scopes: OPEN,
        values: "on, off",
        default: "off",
        help: "whether device=webgpu may be a program on the processor, which is slower than the CPU; for tests",
    },
    Key {
        name: "spin",
        scopes: OPEN,
        values: "on, off",
        default: "off",
        help: "whether threads that wait for their next step of the network do so in a loop: shorter waits, for a \
               processor that is busy while nothing runs",
    },
    Key {
        name: "priority",
        scopes: OPEN,
        values: "normal, low",
        default: "normal",
        help: "of the network's threads and of a stream's: that of the process, or below it, so that the host's go \
               first (Linux)",
    },
    Key {
        name: "quality",
        scopes: OPEN,
        values: "fast, normal, best",
        default: "normal",
        help: "fast is the fast model, where none is named; best restores each image in its eight turns and \
               reflections and averages them, which takes eight times as long",
    },
    Key {
        name: "tile",
        scopes: &[Scope::Run, Scope::Stream],
        values: "auto, or pixels from 16 to 65536",
        default: "auto",
        help: "side of what one tile contributes, the halo not counted; auto runs the frame whole where memory allows",
    },
    Key {
        name: "halo",
        scopes: &[Scope::Run, Scope::Stream],
        values: "auto, exact, or pixels from 0 to 4096",
        default: "auto",
        help: "context around a tile; auto takes the measured one from the model file, exact the whole receptive field",
    },
    Key {
        name: "normalize",
        scopes: &[Scope::Run, Scope::Stream],
        values: "frame, stack, or LO:HI in input units",
        default: "frame",
        help: "values that the network sees as 0 and 1: percentiles of each frame, of the stack (not in a stream), or \
               fixed",
    },
    Key {
        name: "pixel_size_um",
        scopes: &[Scope::Run, Scope::Stream],
        values: "micrometres, a number above 0",
        default: "from the file, else unknown",
        help: "sampling of the image; outside the model's range it is warned about",
    },
    Key {
        name: "na",
        scopes: &[Scope::Run, Scope::Stream],
        values: "a number from 0.01 to 1.7",
        default: "unknown",
        help:
            "the objective's numerical aperture; with wavelength_um and pixel_size_um it narrows what the image says \
               of its blur (models of format 2)",
    },
    Key {
        name: "wavelength_um",
        scopes: &[Scope::Run, Scope::Stream],
        values: "micrometres, a number from 0.1 to 3",
        default: "unknown",
        help: "of the light that forms the image; of white light its middle, 0.55",
    },
    Key {
        name: "refractive_index",
        scopes: &[Scope::Run, Scope::Stream],
        values: "a number from 1 to 2.5",
        default: "of air, water, glycerol or oil: the least that na allows",
        help: "of the medium between specimen and objective",
    },
    Key {
        name: "defocus_um",
        scopes: &[Scope::Run, Scope::Stream],
        values: "micrometres, a number from -10000 to 10000",
        default: "unknown",
        help: "distance from focus, of either sign; taken to be right within a tenth",
    },
    Key {
        name: "light",
        scopes: &[Scope::Run, Scope::Stream],
        values: "unknown, fluorescence, transmitted, reflected",
        default: "unknown",
        help: "how the image was lit; the error map has a factor for each, and takes the largest where it is unknown",
    },
    Key {
        name: "error_map",
        scopes: &[Scope::Run, Scope::Stream],
        values: "off, on, or for a file the path of the map",
        default: "off",
        help: "the expected error of each pixel, in the image's units, for models with a trust map: for a file on \
               writes <output>-error.tif, a 32-bit image of the same pages",
    },
    Key {
        name: "pyramid",
        scopes: &[Scope::File],
        values: "rebuild, drop",
        default: "rebuild",
        help: "reduced copies of the pages, where the input has them: made anew from the restored pixels, or left out",
    },
    Key {
        name: "format",
        scopes: &[Scope::File],
        values: "same, ome-tiff",
        default: "same",
        help: "what describes the output: the same as the input, or OME-XML where the input has none",
    },
    Key {
        name: "mode",
        scopes: &[Scope::Stream],
        values: "every, latest",
        default: "every",
        help: "every frame in order, or only the newest when frames come faster than they are restored",
    },
    Key {
        name: "depth",
        scopes: &[Scope::Stream],
        values: "frames, a whole number from 1 to 1024",
        default: "4",
        help: "frames of mode=every that may be under way, results not yet received included",
    },
];
