(component
  (@custom "osiris:spec" "name: test.local\nversion: 0.1.0\nmodes: [extract]\nconfigSchema: {type: object}\n")
  (instance $nothing)
  (export "osiris:driver/driver@0.1.0" (instance $nothing)))
