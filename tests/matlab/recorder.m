classdef recorder < handle
%RECORDER  Records the arguments of a callback's calls.
    properties
        Rows = []
    end
    methods
        function add(r, row)
            r.Rows(end + 1, :) = row;
        end
    end
end
