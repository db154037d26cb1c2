classdef Model < handle
%PARFOCAL.MODEL  A model that restores out-of-focus microscope images.
%   m = parfocal.Model opens the built-in model, J = m.restore(I) restores an image, and m.close() frees it:
%
%       m = parfocal.Model("device=auto");
%       J = m.restore(I);
%       m.close();
%
%   m = parfocal.Model(OPTIONS) opens it with OPTIONS, text of KEY=VALUE separated by spaces (docs/options.md).
%   m = parfocal.Model(OPTIONS, FILE) opens an ONNX file of your own.
%
%   m.restore(I)        an image or stack in a matrix: same size, class, range and units
%   m.restoreFile(A, B) a TIFF file, page by page
%   m.describe()        the model and its device, as a struct
%   m.close()           frees it; so does clearing the last variable that holds it
%
%   A model belongs to the MATLAB process that opened it: open one in each worker of a parfor loop.
%   Failures are MExceptions with the identifier parfocal:<STATUS>, parfocal:BAD_OPTION for example.
%
%   See also parfocal.Model/restore, parfocal.restoreFile, parfocal.focusScore, parfocal.doctor, parfocal.version

    properties (Access = private, Transient)
        Handle = uint64(0)  % the library's handle; 0 in an object from another process
        Open = false
    end

    methods
        function m = Model(options, file)
        %MODEL  Opens a model: parfocal.Model(OPTIONS, FILE), both optional.
            if nargin < 1
                options = '';
            end
            if nargin < 2
                file = '';
            end
            options = parfocal.internal.optionText(options);
            file = parfocal.internal.filePath(file, 'model file');
            % Ctrl-C may come after the call and before the handle is stored.
            dropping = onCleanup(@() parfocal.internal.drop());
            m.Handle = parfocal.internal.native('open', file, options);
            m.Open = true;
            parfocal.internal.native('take');
        end

        function [J, E] = restore(m, image, options, progress)
        %RESTORE  Restores an image or a stack: same size, class, range and units.
        %   J = m.restore(I). I is uint8, uint16, single or double (computed in single):
        %     H x W          one grey image
        %     H x W x 3      one colour image; its channels are normalised together
        %     H x W x N      a stack of N grey planes, each a frame of its own
        %     H x W x 3 x N  a stack of colour images
        %   Three grey planes are H x W x 1 x 3: reshape(I, size(I, 1), size(I, 2), 1, 3).
        %   NaN and infinite pixels come back as they were.
        %
        %   J = m.restore(I, OPTIONS) takes the options of a run (docs/options.md): "tile=512 normalize=stack" say.
        %
        %   J = m.restore(I, OPTIONS, PROGRESS) calls PROGRESS(DONE, TOTAL) after each plane. An error in it ends the
        %   run, and so does Ctrl-C, within one node of the network. Nothing is returned then.
        %
        %   [J, E] = m.restore(...) also returns how far each pixel of J is expected to be from the truth: single, the
        %   size of J, in the units of I; NaN where I is not finite. It needs a model with a trust map.
            if nargin < 2
                error('parfocal:INVALID_ARGUMENT', 'image: not given; expected J = m.restore(image)');
            end
            if nargin < 3
                options = '';
            end
            if nargin < 4
                progress = [];
            end
            options = parfocal.internal.optionText(options);
            if ~(isnumeric(progress) && isempty(progress)) && ~isa(progress, 'function_handle')
                error('parfocal:INVALID_ARGUMENT', ...
                    'progress: %s; expected a function handle, @(done, total) ..., or []', ...
                    parfocal.internal.shown(progress));
            end
            if nargout < 2
                J = parfocal.internal.restoreFrames(m.own(), image, options, progress);
            else
                [J, E] = parfocal.internal.restoreFrames(m.own(), image, options, progress);
            end
        end

        function restoreFile(m, input, output, options)
        %RESTOREFILE  Restores a TIFF file page by page: same type, compression and metadata.
        %   m.restoreFile(INPUT, OUTPUT), m.restoreFile(INPUT, OUTPUT, OPTIONS) with the options of m.restore.
        %   OUTPUT must not exist; it appears complete or not at all. Memory does not grow with the stack.
        %   The whole file is one call into the library, so Ctrl-C takes effect only after it.
            if nargin < 4
                options = '';
            end
            input = parfocal.internal.filePath(input, 'input');
            output = parfocal.internal.filePath(output, 'output');
            options = parfocal.internal.optionText(options);
            parfocal.internal.native('restoreFile', m.own(), input, output, options);
        end

        function about = describe(m)
        %DESCRIBE  The model and its device, as a struct: name, version, sha256, license, device, provider, threads,
        %   tile, warnings and more.
            about = jsondecode(parfocal.internal.native('describe', m.own()));
        end

        function close(m)
        %CLOSE  Frees the model. Closing twice is an error, parfocal:INVALID_HANDLE.
            % The handle stays, so that the library can say what is wrong with it.
            m.Open = false;
            parfocal.internal.native('close', m.own());
        end

        function delete(m)
        %DELETE  Closes the model if it is open. MATLAB calls this when the last variable that holds it is cleared.
            for k = 1:numel(m)
                if m(k).Open
                    m(k).close();
                end
            end
        end

        function disp(m)
        %DISP  Prints the model and its device in one line.
            if numel(m) ~= 1  % in MATLAB; Octave has no arrays of objects
                fprintf('  %d objects of parfocal.Model\n', numel(m));
                return
            end
            if ~m.Open
                fprintf('  parfocal.Model, closed\n');
                return
            end
            about = m.describe();
            fprintf('  parfocal.Model %s %s on %s, open\n', about.name, about.version, about.device);
        end
    end

    methods (Access = private)
        function handle = own(m)
            if m.Handle == 0
                error('parfocal:INVALID_HANDLE', ...
                    ['model: it was not opened in this process (a file or another worker brought it here); ' ...
                    'open one here with parfocal.Model']);
            end
            handle = m.Handle;
        end
    end
end
