function report = batch_folder(input, output, options, openOptions)
%BATCH_FOLDER  Restores every TIFF file of a folder into another one, in parallel where there is a pool of workers.
%   batch_folder(INPUT, OUTPUT) writes OUTPUT/<name>-restored.tif for every INPUT/<name>.tif (.tiff, .TIF ...). Existing
%   outputs are skipped, so that a stopped run can be started again. A file that fails does not stop the others.
%   batch_folder(INPUT, OUTPUT, OPTIONS, OPENOPTIONS) has options of the run and of opening. The default is one thread
%   for each worker, because the workers share the cores.
%   REPORT is a struct array with input, output and outcome: 'restored', 'was there', or the message of the failure.
%
%   Iterations share nothing, as parfor requires: each opens a model of its own and closes it.

    if nargin < 3
        options = '';
    end
    if nargin < 4
        openOptions = 'device=cpu threads=1';
    end
    if exist(output, 'dir') ~= 7
        mkdir(output);
    end
    found = dir(input);
    names = {};
    for k = 1:numel(found)
        name = found(k).name;
        % Without the results of an earlier run in the same folder.
        if ~found(k).isdir && ~isempty(regexpi(name, '\.tiff?$')) && isempty(regexpi(name, '-restored\.tiff?$'))
            names{end + 1} = name; %#ok<AGROW>
        end
    end
    if isempty(names)
        error('parfocal:NOT_FOUND', '%s: has no TIFF files (.tif, .tiff); expected a folder with images to restore', ...
            input);
    end
    outcomes = cell(1, numel(names));
    outputs = cell(1, numel(names));
    for k = 1:numel(names)
        % Keeps the ending, so that a.tif and a.tiff have different results.
        outputs{k} = fullfile(output, regexprep(names{k}, '(\.[^.]*)$', '-restored$1'));
    end
    parfor k = 1:numel(names)
        outcomes{k} = restored(fullfile(input, names{k}), outputs{k}, options, openOptions);
        fprintf('%s: %s\n', names{k}, outcomes{k});
    end
    report = struct('input', names, 'output', outputs, 'outcome', outcomes);
end

function outcome = restored(from, to, options, openOptions)
    outcome = 'restored';
    try
        parfocal.restoreFile(from, to, options, openOptions);
    catch failure
        outcome = failure.message;
        if strcmp(failure.identifier, 'parfocal:EXISTS')
            outcome = 'was there';
        end
    end
end
