function warned(name, act, identifier, varargin)
% WARNED  Checks that act() warns with this identifier, and that the warning has every one of the pieces.
  lastwarn('', '');
  evalc('act()');  % Octave keeps no lastwarn of a warning that is off
  [message, found] = lastwarn();
  good = strcmp(found, identifier);
  for k = 1:numel(varargin)
    good = good && ~isempty(strfind(message, varargin{k}));
  end
  check(name, good, sprintf('got %s: %s', found, message));
end
