function refused(name, act, identifier, varargin)
% REFUSED  Checks that act() ends in an error with this identifier, whose message has every one of the pieces.
  try
    act();
  catch failure
    good = strcmp(failure.identifier, identifier);
    for k = 1:numel(varargin)
      good = good && ~isempty(strfind(failure.message, varargin{k}));
    end
    check(name, good, sprintf('got %s: %s', failure.identifier, failure.message));
    return
  end
  check(name, false, sprintf('nothing was refused, %s expected', identifier));
end
