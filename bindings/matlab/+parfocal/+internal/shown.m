function words = shown(value)
%SHOWN  Describes size and class of a value in messages: '10 x 20 x 3 int32'.

    words = sprintf('%d x ', size(value));
    words = [words(1:end - 2) class(value)];
end
