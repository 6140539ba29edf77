(component
  (@custom "osiris:spec" "name: test.local\nversion: 0.1.0\nmodes: [extract]\nconfigSchema: {type: object}\n")
  (import "x" (func)))
