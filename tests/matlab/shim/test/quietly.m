function quietly(act)
% QUIETLY  Runs act() without its warnings.
  state = warning('off', 'all');
  back = onCleanup(@() warning(state));
  act();
end
