function [text, is_text] = shim_text(value)
% Names and options may be character vectors or strings: MATLAB takes both for them (recorded, README.md).
  is_text = ischar(value) && (isempty(value) || size(value, 1) == 1);
  text = '';
  if is_text
    text = value;
  elseif isa(value, 'string')
    is_text = true;
    text = char(value);
  end
end
