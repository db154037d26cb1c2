function words = shown(value)
%SHOWN  Size and class of a value, for messages: '10 x 20 x 3 int32'.

    words = sprintf('%d x ', size(value));
    words = [words(1:end - 2) class(value)];
end
