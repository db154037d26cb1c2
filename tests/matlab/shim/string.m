classdef string
% STRING  Stands for MATLAB's string class, which Octave lacks: what "text" in double quotes is there, and never a char.
%   Enough of it to try how a binding treats one: isstring, char, cellstr, strlength, ==, strcmp. Octave's "text" itself
%   is a char.
  properties (Hidden)
    text = '';
  end
  methods
    function s = string(value)
      if nargin > 0
        s.text = char(value);
      end
    end
    function text = char(s)
      text = s.text;
    end
    function c = cellstr(s)
      c = {s.text};
    end
    function yes = isstring(~)
      yes = true;
    end
    function yes = ischar(~)
      yes = false;
    end
    function yes = isempty(~)
      yes = false;  % string('') is 1 x 1
    end
    function n = strlength(s)
      n = numel(s.text);
    end
    function n = numel(~, varargin)
      n = 1;
    end
    function yes = eq(a, b)
      yes = strcmp(char(a), char(b));
    end
    function yes = strcmp(a, b)
      yes = strcmp(char(a), char(b));
    end
    function disp(s)
      printf('"%s"\n', s.text);
    end
  end
end
