function report = doctor()
%PARFOCAL.DOCTOR  What runs here, or what is missing.
%   parfocal.doctor prints it. REPORT = parfocal.doctor() gives it as a struct: ok, problems (sentences), versions, ONNX Runtime's path and the
%   built-in model as parfocal.Model/describe has it. A machine on which nothing runs is no error of this function.
%
%   See also parfocal.version, parfocal.Model

    found = jsondecode(parfocal.internal.native('doctor'));
    if nargout > 0
        report = found;
        return
    end
    disp(found);
    if found.ok
        fprintf('Parfocal runs here.\n');
    else
        fprintf('Parfocal does not run here:\n');
    end
    if ~isempty(found.problems)
        problems = cellstr(found.problems);
        fprintf('  %s\n', problems{:});
    end
end
