function value = optionText(value)
%OPTIONTEXT  Options of a caller as characters; a no-break space, as copied from a web page, is a space.

    value = parfocal.internal.text(value, 'options');
    value = strrep(value, native2unicode(uint8([194 160]), 'UTF-8'), ' ');
end
