function value = optionText(value)
%OPTIONTEXT  Options as characters. No-break spaces, as copied from web pages, become spaces.

    value = parfocal.internal.text(value, 'options');
    value = strrep(value, native2unicode(uint8([194 160]), 'UTF-8'), ' ');
end
