function file = tiny()
%TINY  The small network of the tests.

    file = fullfile(fileparts(mfilename('fullpath')), '..', 'models', 'tiny.onnx');
end
