function value = text(value, what)
%TEXT  A text argument, a string or a row of characters, as characters. WHAT names it in errors.

    if isa(value, 'string') && isscalar(value)
        try
            value = char(value);
        catch  % a missing string, refused below
        end
    end
    if ~ischar(value) || ~(isempty(value) || isrow(value))
        error('parfocal:INVALID_ARGUMENT', '%s: %s; expected text in one row', what, parfocal.internal.shown(value));
    end
    if any(value == 0)
        error('parfocal:INVALID_ARGUMENT', '%s: has a character of value 0 at %d; expected text without', what, ...
            find(value == 0, 1));
    end
    value = reshape(value, 1, []);
end
