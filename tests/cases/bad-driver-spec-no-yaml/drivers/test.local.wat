(component
  (@custom "osiris:spec" "\ff\fe\00"))
