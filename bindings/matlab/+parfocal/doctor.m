function report = doctor()
%PARFOCAL.DOCTOR  Reports what works on this machine, or what is missing.
%   parfocal.doctor prints the report. REPORT = parfocal.doctor() returns it as a struct: ok, problems (sentences),
%   versions, ONNX Runtime's path, and the built-in model as in parfocal.Model/describe. It does not fail where nothing
%   works.
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
