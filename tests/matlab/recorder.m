classdef recorder < handle
%RECORDER  Keeps what a callback was called with.
    properties
        Rows = []
    end
    methods
        function add(r, row)
            r.Rows(end + 1, :) = row;
        end
    end
end
