function report = batch_folder(input, output, options, openOptions)
%BATCH_FOLDER  Restores every TIFF file of a folder into another one, in parallel where there is a pool of workers.
%   batch_folder(INPUT, OUTPUT) writes OUTPUT/<name>-restored.tif for every INPUT/<name>.tif (.tiff, .TIF ...). What is there already is left out, so that a
%   run that was stopped can be started again. A file that fails does not stop the others.
%   batch_folder(INPUT, OUTPUT, OPTIONS, OPENOPTIONS) has those of the run and of opening. One thread for each worker is the default:
%   the workers share the cores already.
%   REPORT is a struct array with input, output and outcome: 'restored', 'was there', or the message of the failure.
%
%   Nothing is shared between iterations, which is what parfor asks for: each opens a model of its own and closes it.

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
        % Not what an earlier run wrote into the same folder.
        if ~found(k).isdir && ~isempty(regexpi(name, '\.tiff?$')) && isempty(regexpi(name, '-restored\.tiff?$'))
            names{end + 1} = name; %#ok<AGROW>
        end
    end
    if isempty(names)
        error('parfocal:NOT_FOUND', '%s: has no TIFF files (.tif, .tiff); expected a folder with images to restore', input);
    end
    outcomes = cell(1, numel(names));
    outputs = cell(1, numel(names));
    for k = 1:numel(names)
        % With its own ending, so that a.tif and a.tiff have two results.
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
