(component
  (@custom "osiris:spec" "name: Local\nversion: one\nmodes: []\ncolour: red\nconfigSchema: {type: array}\nlimits: {memory: lots}\nfiles: {read: [path]}\n"))
