function libstruct(varargin)
% LIBSTRUCT  Refused: Parfocal's interface has no structures, so the shim has none either.
  error('strict:Struct', 'libstruct: the shim passes no structures, because Parfocal''s interface has none');
end
