function check_prototype(header)
%CHECK_PROTOTYPE  Checks that the prototype file agrees with the header, and that mistakes in it are found:
%   check_prototype(parfocal_h_table()).

    problems = prototype_problems(@parfocal_prototype, header);
    assert(isempty(problems), 'parfocal_prototype.m differs from the header:\n%s', strjoin(problems, char(10)));
    true_one = parfocal_prototype();
    closing = find(strcmp(true_one.name, 'parfocal_task_close'));
    more = [true_one.RHS{closing} {'int32'}];
    mistakes = {
        @(info) setfield(info, 'RHS', {closing}, {more}), 'parfocal_task_close: 2 arguments, expected 1'
        @(info) setfield(info, 'LHS', {1}, {'uint64'}), 'parfocal_abi_version: returns ''uint64'''
        @(info) setfield(info, 'thunkname', {4}, {'int32voidPtrThunk'}), 'parfocal_last_error: thunk'
        @(info) setfield(info, 'name', {2}, {'parfocal_versions'}), 'parfocal_versions: not in'
    }; %#ok<SFLD>
    for k = 1:size(mistakes, 1)
        problems = prototype_problems(@() mistaken(mistakes{k, 1}), header);
        told = cellfun(@(problem) ~isempty(strfind(problem, mistakes{k, 2})), problems); %#ok<STREMP>
        assert(any(told), 'a mistake was not told as ''%s'': %s', mistakes{k, 2}, strjoin(problems, char(10)));
    end
    [~, ~, ~, thunks] = parfocal_prototype();
    assert(~isempty(dir([thunks '.*'])), '%s: not there', thunks);
    fprintf('parfocal_prototype.m agrees with the header\n');
end

function [info, structs, enums, thunks] = mistaken(change)
    [info, structs, enums, thunks] = parfocal_prototype();
    info = change(info);
end
