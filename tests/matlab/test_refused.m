function tests = test_refused()
%TEST_REFUSED  Invalid input is refused with a message that says what is wrong, which value, what was expected and what
%   to do.
    I = specimen([12 17], 'uint16');
    tests = {
        'int32', restoring(int32(I), 'UNSUPPORTED', 'image: 12 x 17 int32', 'uint8, uint16, single or double', ...
            'single(image)')
        'int64', restoring(int64(I), 'UNSUPPORTED', '12 x 17 int64')
        'int8', restoring(int8(I), 'UNSUPPORTED', '12 x 17 int8')
        'uint32', restoring(uint32(I), 'UNSUPPORTED', '12 x 17 uint32')
        'logical', restoring(I > 400, 'UNSUPPORTED', '12 x 17 logical', 'uint8, uint16, single or double', 'a mask')
        'char', restoring('image', 'UNSUPPORTED', '1 x 5 char', 'uint8, uint16, single or double')
        'cell', restoring({I}, 'UNSUPPORTED', '1 x 1 cell')
        'complex', restoring(complex(single(I), 1), 'UNSUPPORTED', '12 x 17 single', 'complex', 'abs(image)')
        'complex double', restoring(double(I) + 1i, 'UNSUPPORTED', 'complex')
        'sparse', restoring(sparse(double(I)), 'UNSUPPORTED', '12 x 17 double', 'sparse', 'full(image)')
        'empty', restoring(zeros(0, 5, 'uint8'), 'INVALID_ARGUMENT', '0 x 5 uint8', 'empty', 'at least one pixel')
        'nothing', restoring([], 'INVALID_ARGUMENT', '0 x 0 double', 'empty')
        'an empty stack', restoring(zeros(4, 5, 0), 'INVALID_ARGUMENT', '4 x 5 x 0 double')
        'gpuArray', @gpu
        '5-D', restoring(zeros(4, 5, 3, 2, 2), 'UNSUPPORTED', '4 x 5 x 3 x 2 x 2 double', 'at most 4', ...
            'one stack after the other')
        '4-D with two channels', restoring(zeros(4, 5, 2, 6), 'UNSUPPORTED', '4 x 5 x 2 x 6 double', ...
            'third dimension of 1 (grey) or 3')
        'double beyond single', restoring([1 1e39; 0 3], 'UNSUPPORTED', '1e+39', '3.40282e+38', 'scale the image')
        'NaN as an option', @() options_refused(NaN, 'INVALID_ARGUMENT', 'options: 1 x 1 double', 'text in one row')
        'NaN in normalize', @() options_refused('normalize=NaN:5', 'BAD_OPTION', 'NaN', 'two finite numbers')
        'unknown option', @() options_refused('colour=1', 'BAD_OPTION', '''colour''', ...
            'tile, halo, normalize, pixel_size_um')
        'option of opening', @() options_refused('device=cpu', 'BAD_OPTION', 'device')
        'option of a stream', @() options_refused('mode=latest', 'BAD_OPTION', 'mode')
        'repeated option', @() options_refused('tile=64 tile=64', 'BAD_OPTION', 'tile')
        'bad value', @() options_refused('tile=3', 'BAD_OPTION', 'tile=3', '16')
        'open quote', @() options_refused('normalize=''stack', 'BAD_OPTION')
        'options as a matrix', @() options_refused(['tile=16'; 'tile=32'], 'INVALID_ARGUMENT', 'options: 2 x 7 char')
        'options as a cell', @() options_refused({'tile=16'}, 'INVALID_ARGUMENT', 'options: 1 x 1 cell')
        'character of value 0', @() options_refused(['tile=16' char(0) 'x'], 'INVALID_ARGUMENT', 'options', ...
            'value 0 at 8')
        'progress that is no function', @progress
        'range too wide for single', @too_wide
        'opening with a bad option', @opening
        'model file that is not there', @no_model
        'file that is no model', @no_onnx
        'device that is not there', @no_device
        'refusing leaves the model usable', @usable
    };
end

function test = restoring(image, status, varargin)
    test = @() restore_refused(image, status, varargin{:});
end

function restore_refused(image, status, varargin)
    m = opened();
    refused(@() m.restore(image), status, varargin{:});
    refused(@() parfocal.focusScore(image), status, varargin{:});
end

function options_refused(options, status, varargin)
    m = opened();
    refused(@() m.restore(specimen([12 17], 'uint8'), options), status, varargin{:});
end

function gpu()
    folder = fullfile(fileparts(mfilename('fullpath')), 'fakes');
    addpath(folder);
    restoring = onCleanup(@() rmpath(folder));
    restore_refused(gpuArray(), 'UNSUPPORTED', 'gpuArray', 'gather(image)', 'device=cuda');
end

function progress()
    m = opened();
    refused(@() m.restore(ones(3), '', 'disp'), 'INVALID_ARGUMENT', 'progress: 1 x 4 char', '@(done, total)');
end

function too_wide()
    m = opened();
    words = {'normalize=0:1000000000', 'the frame''s own values, 1.003 to 3.997'};
    message = refused(@() m.restore(single([1 2; 3 4]), 'normalize=0:1e9'), 'BAD_OPTION', words{:});
    assert(strncmp(message, 'normalize', 9), '%s', message);
    stack = cat(3, single([1 1e9; 3 4]), single([1 2; 3 4]));
    message = refused(@() m.restore(stack, 'normalize=0:1e9'), 'BAD_OPTION', words{:});
    assert(strncmp(message, 'plane 2 of 2: normalize', 23), '%s', message);
end

function opening()
    refused(@() parfocal.Model('tile=16'), 'BAD_OPTION', 'tile', 'device, threads, precision, memory, runtime');
    refused(@() parfocal.Model('threads=0'), 'BAD_OPTION', 'threads=0');
    refused(@() parfocal.Model(7), 'INVALID_ARGUMENT', 'options: 1 x 1 double');
    refused(@() parfocal.Model('', {tiny()}), 'INVALID_ARGUMENT', 'model file: 1 x 1 cell');
end

function no_model()
    refused(@() parfocal.Model('', '/nowhere/at all.onnx'), 'NOT_FOUND', '/nowhere/at all.onnx');
end

function no_onnx()
    refused(@() parfocal.Model('', [mfilename('fullpath') '.m']), 'MODEL', 'test_refused.m');
end

function no_device()
    % The packaged ONNX Runtime has no GPU support.
    refused(@() parfocal.Model('device=cuda:0', tiny()), 'DEVICE', 'cuda');
end

function usable()
    m = opened();
    before = m.restore(specimen([12 17], 'uint8'));
    refused(@() m.restore(int32(5)), 'UNSUPPORTED');
    refused(@() m.restore(ones(3), 'tile=1'), 'BAD_OPTION');
    assert(isequal(m.restore(specimen([12 17], 'uint8')), before));
end
