(component
  (@custom "osiris:spec" "name: test.local\nversion: 1.2.3\ntitle: A local driver\ndescription: Shows what a spec can say.\nmodes: [extract, write]\ncapabilities: {discover: true, doctor: true}\nconfigSchema:\n  type: object\n  required: [path]\n  additionalProperties: false\n  properties:\n    path: {type: string, description: A file.}\n    size: {enum: [small, large], default: small}\n    token: {type: string}\nsecrets: [/token]\nfiles: {read: [/path], write: [/path]}\nnetwork: [{host: example.org, port: 443}]\nlimits: {memory: 64MiB, seconds: 30}\nexamples:\n  - title: A file\n    config: {path: data/a.txt}\n")
  (import "osiris:driver/context@0.1.0" (instance))
  (instance $driver)
  (export "osiris:driver/driver@0.1.0" (instance $driver)))
