function range = stackRange(pixels, percentiles)
%STACKRANGE  The two values that the network sees as 0 and 1 with normalize=stack; [] where all values are the same.
%   Percentiles of all finite values, linear between order statistics, least and greatest where they coincide:
%   src/normalise.rs, to the last bit, because results have to be those of the command line.

    if isfloat(pixels)
        sorted = sort(pixels(isfinite(pixels)));
        count = numel(sorted);
        statistic = @(index) double(sorted(index + 1));
    else
        % 8 and 16 bits: counting is faster than sorting. In pieces, because accumarray wants them as doubles.
        PIECE = 2^22;
        counts = zeros(65536, 1);
        for first = 1:PIECE:numel(pixels)
            piece = pixels(first:min(first + PIECE - 1, end));
            counts = counts + accumarray(double(piece(:)) + 1, 1, [65536 1]);
        end
        upTo = cumsum(counts);
        count = upTo(end);
        statistic = @(index) find(upTo > index, 1) - 1;
    end
    range = [];
    if count == 0 || statistic(0) == statistic(count - 1)
        return
    end
    range = [percentile(percentiles(1)), percentile(percentiles(2))];
    if range(2) <= range(1)
        range = [statistic(0), statistic(count - 1)];
    end

    function value = percentile(wanted)
        position = (count - 1) * (wanted / 100);
        below = floor(position);
        fraction = position - below;
        value = statistic(below);
        if fraction > 0 && below + 1 < count
            value = value + (statistic(below + 1) - value) * fraction;
        end
    end
end
