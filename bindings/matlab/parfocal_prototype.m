function [methodinfo, structs, enuminfo, ThunkLibName] = parfocal_prototype()
%PARFOCAL_PROTOTYPE  The functions of include/parfocal.h for MATLAB's loadlibrary, which then needs no compiler.
%   loadlibrary(FILE, @parfocal_prototype, 'alias', 'parfocal'). Written by hand; a test compares every function and
%   type with the header. Its types mean the same on every system, while MATLAB itself reads uint64_t as unsigned long
%   on some.
%   Text is uint8Ptr, UTF-8 with a 0 at its end, so that MATLAB does not choose an encoding. Returned text is ASCII.
%   ThunkLibName is parfocal_thunk_<computer('arch')> beside this file, built from parfocal_thunk.c, which says how.

    text = 'uint8Ptr';
    functions = {
        % name (without parfocal_), returns, takes
        'abi_version',       'int32',   {}
        'version',           'cstring', {}
        'status_name',       'cstring', {'int32'}
        'last_error',        'int32',   {text, 'uint64', 'uint64Ptr'}
        'doctor',            'int32',   {text, 'uint64', 'uint64Ptr'}
        'shutdown',          'int32',   {'int32'}
        'model_open',        'int32',   {text, text, 'uint64Ptr'}
        'model_open_memory', 'int32',   {'uint8Ptr', 'uint64', text, 'uint64Ptr'}
        'model_describe',    'int32',   {'uint64', text, 'uint64', 'uint64Ptr'}
        'model_close',       'int32',   {'uint64'}
        'task_create',       'int32',   {'uint64Ptr'}
        'task_progress',     'int32',   {'uint64', 'uint64Ptr', 'uint64Ptr'}
        'task_planes_done',  'int32',   {'uint64', 'uint64Ptr'}
        'task_cancel',       'int32',   {'uint64'}
        'task_describe',     'int32',   {'uint64', text, 'uint64', 'uint64Ptr'}
        'task_error_map',    'int32',   {'uint64', 'singlePtr', 'uint64', 'int64Ptr'}
        'task_close',        'int32',   {'uint64'}
        'restore_u8',        'int32',   restore('uint8Ptr', text)
        'restore_u16',       'int32',   restore('uint16Ptr', text)
        'restore_f32',       'int32',   restore('singlePtr', text)
        'restore_file',      'int32',   {'uint64', 'uint64', text, text, text}
        'focus_score_u8',    'int32',   {'uint8Ptr', 'uint64', 'int64Ptr', 'int64Ptr', 'doublePtr'}
        'focus_score_u16',   'int32',   {'uint16Ptr', 'uint64', 'int64Ptr', 'int64Ptr', 'doublePtr'}
        'focus_score_f32',   'int32',   {'singlePtr', 'uint64', 'int64Ptr', 'int64Ptr', 'doublePtr'}
        'stack_range',       'int32',   {'uint64', 'int32', 'voidPtr', 'uint64', 'int64Ptr', 'int64Ptr', ...
            'doublePtr', ...
            'doublePtr'}
        'stream_open',       'int32',   {'uint64', 'int32', 'int64Ptr', text, 'uint64Ptr'}
        'stream_submit',     'int32',   {'uint64', 'voidPtr', 'uint64', 'int64Ptr', 'uint64'}
        'stream_receive',    'int32',   {'uint64', 'voidPtr', 'uint64', 'int64Ptr', 'uint64Ptr', 'int32'}
        'stream_describe',   'int32',   {'uint64', text, 'uint64', 'uint64Ptr'}
        'stream_error_map',  'int32',   {'uint64', 'singlePtr', 'uint64', 'int64Ptr'}
        'stream_close',      'int32',   {'uint64'}
        'unpack',            'int32',   packed()
        'restore_packed',    'int32',   [{'uint64', 'uint64'}, packed(), {text}]
        'stream_submit_packed', 'int32', {'uint64', 'int32', 'uint8Ptr', 'uint64', 'uint64', 'uint64'}
    };
    none = {cell(1, 0)};
    methodinfo = struct('name', none, 'calltype', none, 'LHS', none, 'RHS', none, 'alias', none, 'thunkname', none);
    for k = 1:size(functions, 1)
        [name, returned, taken] = functions{k, :};
        methodinfo.name{k} = ['parfocal_' name];
        methodinfo.calltype{k} = 'Thunk';
        methodinfo.LHS{k} = returned;
        methodinfo.RHS{k} = taken;
        if isempty(taken)
            methodinfo.RHS{k} = [];
        end
        methodinfo.thunkname{k} = thunk(returned, taken);
    end
    structs = [];
    enuminfo.PARFOCAL_STATUS = struct('PARFOCAL_STATUS_OK', 0, 'PARFOCAL_STATUS_INVALID_ARGUMENT', 1, ...
        'PARFOCAL_STATUS_INVALID_HANDLE', 2, 'PARFOCAL_STATUS_BAD_OPTION', 3, 'PARFOCAL_STATUS_UNSUPPORTED', 4, ...
        'PARFOCAL_STATUS_NOT_FOUND', 5, 'PARFOCAL_STATUS_IO', 6, 'PARFOCAL_STATUS_FORMAT', 7, ...
        'PARFOCAL_STATUS_MODEL', 8, ...
        'PARFOCAL_STATUS_RUNTIME', 9, 'PARFOCAL_STATUS_DEVICE', 10, 'PARFOCAL_STATUS_OUT_OF_MEMORY', 11, ...
        'PARFOCAL_STATUS_CANCELLED', 12, 'PARFOCAL_STATUS_WOULD_BLOCK', 13, 'PARFOCAL_STATUS_TIMEOUT', 14, ...
        'PARFOCAL_STATUS_CLOSED', 15, 'PARFOCAL_STATUS_EXISTS', 16, 'PARFOCAL_STATUS_INTERNAL', 17);
    enuminfo.PARFOCAL_PIXEL = struct('PARFOCAL_PIXEL_U8', 1, 'PARFOCAL_PIXEL_U16', 2, 'PARFOCAL_PIXEL_F32', 3);
    enuminfo.PARFOCAL_PACKING = struct('PARFOCAL_PACKING_MONO10P', 1, 'PARFOCAL_PACKING_MONO12P', 2, ...
        'PARFOCAL_PACKING_MONO10_PACKED', 3, 'PARFOCAL_PACKING_MONO12_PACKED', 4);
    ThunkLibName = fullfile(fileparts(mfilename('fullpath')), ['parfocal_thunk_' computer('arch')]);
end

function taken = restore(pixels, text)
    taken = {'uint64', 'uint64', pixels, 'uint64', 'int64Ptr', pixels, 'uint64', 'int64Ptr', 'int64Ptr', text};
end

function taken = packed()
    taken = {'int32', 'uint8Ptr', 'uint64', 'uint64', 'uint16Ptr', 'uint64', 'int64Ptr', 'int64Ptr'};
end

% A thunk does not distinguish types of pointers.
function name = thunk(returned, taken)
    pointers = cellfun(@(type) numel(type) > 3 && strcmp(type(end - 2:end), 'Ptr'), taken);
    taken(pointers) = {'voidPtr'};
    if isempty(taken)
        taken = {'void'};
    end
    name = [returned, taken{:}, 'Thunk'];
end
