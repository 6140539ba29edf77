//! The codes of all problems that osiris reports. A code is part of `--json`, and stays the same
//! when the message improves. `docs/errors.md` is generated from this table.

use std::fmt;

use serde::{Serialize, Serializer};

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal,)+) => {
        /// The code of a problem.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Code {
            /// All codes, in alphabetical order.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// Returns the code as in `--json`.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }

            /// Returns a sentence about the problem.
            pub fn description(self) -> &'static str {
                match self {
                    $(Self::$name => concat!($($doc),+),)+
                }
            }
        }
    };
}

codes! {
    /// An address is not encrypted.
    AddressInsecure = "address_insecure",
    /// A YAML alias refers to itself.
    AliasRecursive = "alias_recursive",
    /// The compiled pipeline cannot be written.
    BuildUnwritable = "build_unwritable",
    /// There is no driver to bundle.
    BundleEmpty = "bundle_empty",
    /// A bundle is damaged or not a bundle.
    BundleInvalid = "bundle_invalid",
    /// The bundle cannot be read.
    BundleUnreadable = "bundle_unreadable",
    /// The bundle cannot be written.
    BundleUnwritable = "bundle_unwritable",
    /// The cache of discovered datasets cannot be written.
    CacheUnwritable = "cache_unwritable",
    /// The file of conformance cases is invalid.
    CasesInvalid = "cases_invalid",
    /// The registry does not list its repositories.
    CatalogMissing = "catalog_missing",
    /// A driver requests more than `drivers.ceilings` in `osiris.yaml` allows.
    CeilingExceeded = "ceiling_exceeded",
    /// The file contains a character that YAML does not allow.
    CharacterInvalid = "character_invalid",
    /// There is no conformance check of this name.
    CheckUnknown = "check_unknown",
    /// The compiled code of a driver cannot be loaded.
    CodeDamaged = "code_damaged",
    /// The driver is not compiled.
    CodeMissing = "code_missing",
    /// A component is too expensive to compile.
    CompileLimitExceeded = "compile_limit_exceeded",
    /// The compiler process cannot work.
    CompilerFailed = "compiler_failed",
    /// A file is not a WebAssembly component.
    ComponentInvalid = "component_invalid",
    /// A registry reference does not lead to a component.
    ComponentMissing = "component_missing",
    /// `component` is not text.
    ComponentTypeInvalid = "component_type_invalid",
    /// The component cannot be read.
    ComponentUnreadable = "component_unreadable",
    /// The compiled configuration of a step was changed.
    ConfigChanged = "config_changed",
    /// The user has no configuration directory.
    ConfigDirMissing = "config_dir_missing",
    /// The compiled configuration of a step is not a JSON object.
    ConfigInvalid = "config_invalid",
    /// A step's configuration lacks a required key.
    ConfigKeyMissing = "config_key_missing",
    /// A step's configuration has a key that the driver does not know.
    ConfigKeyUnknown = "config_key_unknown",
    /// `config` is not a mapping.
    ConfigTypeInvalid = "config_type_invalid",
    /// A value in a step's configuration is invalid.
    ConfigValueInvalid = "config_value_invalid",
    /// A family of connections has two defaults.
    ConnectionDefaultDuplicate = "connection_default_duplicate",
    /// A family of connections has several, and none is the default.
    ConnectionDefaultMissing = "connection_default_missing",
    /// The connection belongs to a different family than the driver requires.
    ConnectionFamilyMismatched = "connection_family_mismatched",
    /// There is no connection of this family.
    ConnectionFamilyUnknown = "connection_family_unknown",
    /// A connection has invalid fields.
    ConnectionInvalid = "connection_invalid",
    /// A reference to a connection is not of the form `@family.alias`.
    ConnectionReferenceInvalid = "connection_reference_invalid",
    /// There is no connection of this name.
    ConnectionUnknown = "connection_unknown",
    /// The project has no connections.
    ConnectionsMissing = "connections_missing",
    /// The component targets another contract than this version of osiris.
    ContractIncompatible = "contract_incompatible",
    /// Steps depend on each other in a cycle.
    DependencyCyclic = "dependency_cyclic",
    /// A step needs another step twice.
    DependencyDuplicate = "dependency_duplicate",
    /// An entry of `needs` is not text.
    DependencyTypeInvalid = "dependency_type_invalid",
    /// A step needs a step that does not exist.
    DependencyUnknown = "dependency_unknown",
    /// The driver cannot list its datasets.
    DiscoveryFailed = "discovery_failed",
    /// The file has more than one YAML document.
    DocumentRepeated = "document_repeated",
    /// Downloaded bytes do not have the expected hash.
    DownloadDamaged = "download_damaged",
    /// A driver cannot be built.
    DriverBuildFailed = "driver_build_failed",
    /// The driver comes with osiris.
    DriverBuiltIn = "driver_built_in",
    /// The driver is not the one that the manifest was compiled with.
    DriverChanged = "driver_changed",
    /// The project's policy does not allow the driver.
    DriverDenied = "driver_denied",
    /// The source has another driver than the expected one.
    DriverDifferent = "driver_different",
    /// A directory of drivers cannot be read.
    DriverDirUnreadable = "driver_dir_unreadable",
    /// Two files define the same driver.
    DriverDuplicate = "driver_duplicate",
    /// The project already has a driver of this name.
    DriverExists = "driver_exists",
    /// There is no driver of this name.
    DriverMissing = "driver_missing",
    /// The name of a driver is invalid.
    DriverNameInvalid = "driver_name_invalid",
    /// The driver is not in `osiris.lock`.
    DriverUnlocked = "driver_unlocked",
    /// The specs of the drivers are too large to be read at start.
    DriverUnread = "driver_unread",
    /// The file of a driver cannot be read.
    DriverUnreadable = "driver_unreadable",
    /// The driver cannot be used.
    DriverUnusable = "driver_unusable",
    /// The file of a driver cannot be written.
    DriverUnwritable = "driver_unwritable",
    /// E2B reported an error.
    E2bFailed = "e2b_failed",
    /// The file is not valid UTF-8.
    EncodingInvalid = "encoding_invalid",
    /// The WebAssembly engine cannot start.
    EngineFailed = "engine_failed",
    /// A `.env` file is invalid.
    EnvFileInvalid = "env_file_invalid",
    /// The extension of an output file is that of another format.
    ExtensionMismatched = "extension_mismatched",
    /// A file would be replaced.
    FileExists = "file_exists",
    /// The path is not a regular file.
    FileIrregular = "file_irregular",
    /// The file does not exist.
    FileMissing = "file_missing",
    /// The file exceeds its size limit.
    FileTooLarge = "file_too_large",
    /// The file cannot be read.
    FileUnreadable = "file_unreadable",
    /// `files` in `osiris.yaml` is invalid.
    FilesInvalid = "files_invalid",
    /// The driver does not have the expected hash.
    HashDifferent = "hash_different",
    /// Two steps have the same ID.
    IdDuplicate = "id_duplicate",
    /// The ID of a step is invalid.
    IdInvalid = "id_invalid",
    /// `id` is not text.
    IdTypeInvalid = "id_type_invalid",
    /// An incremental step feeds a step that replaces its output.
    IncrementalOutputReplaced = "incremental_output_replaced",
    /// A line is indented with a tab.
    IndentInvalid = "indent_invalid",
    /// Several indexes have the driver.
    IndexAmbiguous = "index_ambiguous",
    /// An index of drivers is invalid.
    IndexInvalid = "index_invalid",
    /// An index of drivers is older than the copy on this machine.
    IndexOutdated = "index_outdated",
    /// The project has no index of this name.
    IndexUnknown = "index_unknown",
    /// An index of drivers is not signed with its key.
    IndexUntrusted = "index_untrusted",
    /// The file of an index cannot be written.
    IndexUnwritable = "index_unwritable",
    /// A step takes one table, and several steps before it produce one.
    InputAmbiguous = "input_ambiguous",
    /// An input file of a step does not exist.
    InputFileMissing = "input_file_missing",
    /// A step needs a table, and no step before it produces one.
    InputMissing = "input_missing",
    /// A step that takes no table needs one that produces it.
    InputUnexpected = "input_unexpected",
    /// The JUnit report cannot be written.
    JunitUnwritable = "junit_unwritable",
    /// A YAML key occurs twice.
    KeyDuplicate = "key_duplicate",
    /// A YAML key is not text.
    KeyInvalid = "key_invalid",
    /// A required key is missing.
    KeyMissing = "key_missing",
    /// A key is not known here.
    KeyUnknown = "key_unknown",
    /// A key of a pipeline is not supported.
    KeyUnsupported = "key_unsupported",
    /// No pipeline of the project has been compiled yet.
    LastCompileMissing = "last_compile_missing",
    /// A value of `limits` is invalid.
    LimitInvalid = "limit_invalid",
    /// `osiris.lock` was changed at the same time.
    LockfileChanged = "lockfile_changed",
    /// The project already has an `osiris.lock`.
    LockfileExists = "lockfile_exists",
    /// `osiris.lock` cannot be written.
    LockfileUnwritable = "lockfile_unwritable",
    /// The registry requires a login, or refuses the given one.
    LoginFailed = "login_failed",
    /// The manifest was changed after it was compiled.
    ManifestChanged = "manifest_changed",
    /// The manifest is invalid.
    ManifestInvalid = "manifest_invalid",
    /// The manifest cannot be read.
    ManifestUnreadable = "manifest_unreadable",
    /// The manual pages cannot be written.
    ManualUnwritable = "manual_unwritable",
    /// YAML merge keys are not supported.
    MergeKeyUnsupported = "merge_key_unsupported",
    /// The driver does not support the mode of the step.
    ModeIncompatible = "mode_incompatible",
    /// The mode of a step is invalid.
    ModeInvalid = "mode_invalid",
    /// `mode` is not text.
    ModeTypeInvalid = "mode_type_invalid",
    /// The name of a pipeline is empty.
    NameEmpty = "name_empty",
    /// A name is invalid.
    NameInvalid = "name_invalid",
    /// The project already uses this name for a driver from another source.
    NameTaken = "name_taken",
    /// The name of a pipeline is not text.
    NameTypeInvalid = "name_type_invalid",
    /// The name of a pipeline does not follow the convention.
    NameUnconventional = "name_unconventional",
    /// A step uses the output of another step without needing it.
    NeedsMissing = "needs_missing",
    /// `needs` is not a list.
    NeedsTypeInvalid = "needs_type_invalid",
    /// Values are nested too deeply.
    NestingTooDeep = "nesting_too_deep",
    /// A number is invalid.
    NumberInvalid = "number_invalid",
    /// Two steps write to the same place, or a step reads what another one replaces.
    OutputConflicting = "output_conflicting",
    /// No step uses the output of a step.
    OutputUnused = "output_unused",
    /// The pipeline sets a connection field that should not be overridden.
    OverrideDiscouraged = "override_discouraged",
    /// The pipeline sets a connection field that must not be overridden.
    OverrideForbidden = "override_forbidden",
    /// A file of the project belongs to another user.
    OwnerDifferent = "owner_different",
    /// A parameter is declared twice.
    ParamDuplicate = "param_duplicate",
    /// A parameter is declared incorrectly.
    ParamInvalid = "param_invalid",
    /// The name of a parameter is invalid.
    ParamNameInvalid = "param_name_invalid",
    /// A reference to a parameter is invalid.
    ParamReferenceInvalid = "param_reference_invalid",
    /// There is no parameter of this name.
    ParamUnknown = "param_unknown",
    /// A parameter has no value.
    ParamUnset = "param_unset",
    /// The value of a parameter has the wrong type.
    ParamValueInvalid = "param_value_invalid",
    /// `params` is not a mapping.
    ParamsTypeInvalid = "params_type_invalid",
    /// A path in a step's configuration is absolute; paths are relative to the project directory.
    PathAbsolute = "path_absolute",
    /// A path is invalid.
    PathInvalid = "path_invalid",
    /// A path leads outside the project directory.
    PathOutside = "path_outside",
    /// A path belongs to the project itself and is closed to drivers.
    PathReserved = "path_reserved",
    /// A newer version of a driver requests more permissions.
    PermissionsAdded = "permissions_added",
    /// The driver requests other permissions than `osiris.lock` records.
    PermissionsDifferent = "permissions_different",
    /// The file of a pipeline does not exist.
    PipelineMissing = "pipeline_missing",
    /// A value in a pipeline looks like a reference to a variable, which only connections can have.
    PlaceholderUnknown = "placeholder_unknown",
    /// The policy for drivers in `osiris.yaml` is invalid.
    PolicyInvalid = "policy_invalid",
    /// The rows of a preview cannot be read.
    PreviewFailed = "preview_failed",
    /// More problems were found than are shown.
    ProblemsOmitted = "problems_omitted",
    /// A profile of a pipeline is invalid.
    ProfileInvalid = "profile_invalid",
    /// There is no profile of this name.
    ProfileUnknown = "profile_unknown",
    /// `profiles` is not a mapping.
    ProfilesTypeInvalid = "profiles_type_invalid",
    /// The project directory does not exist.
    ProjectMissing = "project_missing",
    /// A file of a new project cannot be written.
    ProjectUnwritable = "project_unwritable",
    /// The system has no random numbers.
    RandomnessMissing = "randomness_missing",
    /// A server refused the request.
    RequestRefused = "request_refused",
    /// A response exceeds its size limit.
    ResponseTooLarge = "response_too_large",
    /// The asynchronous runtime or a part of it cannot start.
    RuntimeFailed = "runtime_failed",
    /// There is no osiris program to run in a sandbox.
    RuntimeMissing = "runtime_missing",
    /// The test of the process sandbox cannot run.
    SandboxTestFailed = "sandbox_test_failed",
    /// A secret is written into a pipeline.
    SecretInline = "secret_inline",
    /// There are too many or too large secrets to search for.
    SecretsUnusable = "secrets_unusable",
    /// A server cannot be reached.
    ServerUnreachable = "server_unreachable",
    /// The beginning of a session ID matches several sessions.
    SessionAmbiguous = "session_ambiguous",
    /// A file of a session is damaged.
    SessionInvalid = "session_invalid",
    /// There is no such session.
    SessionUnknown = "session_unknown",
    /// A session cannot be read.
    SessionUnreadable = "session_unreadable",
    /// The files of a session cannot be written.
    SessionUnwritable = "session_unwritable",
    /// A driver was changed after it was signed.
    SignatureInvalid = "signature_invalid",
    /// A driver is signed with another key than the locked one.
    SignerDifferent = "signer_different",
    /// The file of a signing key already exists.
    SigningKeyExists = "signing_key_exists",
    /// A key for signing drivers is invalid.
    SigningKeyInvalid = "signing_key_invalid",
    /// There is no signing key.
    SigningKeyMissing = "signing_key_missing",
    /// A signing key cannot be written.
    SigningKeyUnwritable = "signing_key_unwritable",
    /// The source of a driver is not a path, an address or a registry reference.
    SourceInvalid = "source_invalid",
    /// A source is on this machine or in a private network, and the lockfile came with the project.
    SourceLocal = "source_local",
    /// The source does not have the driver.
    SourceMissing = "source_missing",
    /// The lockfile does not record where a driver comes from.
    SourceUnknown = "source_unknown",
    /// The component has more than one spec.
    SpecDuplicate = "spec_duplicate",
    /// The spec of a driver is invalid.
    SpecInvalid = "spec_invalid",
    /// The component has no spec.
    SpecMissing = "spec_missing",
    /// The spec of a driver cannot be read.
    SpecUnreadable = "spec_unreadable",
    /// A state cannot be reset while a run of the pipeline is in progress.
    StateInUse = "state_in_use",
    /// There is no saved state of this pipeline or step.
    StateMissing = "state_missing",
    /// The saved state of a step cannot be read.
    StateUnreadable = "state_unreadable",
    /// The saved state of a step cannot be changed.
    StateUnwritable = "state_unwritable",
    /// A step lacks a required key.
    StepKeyMissing = "step_key_missing",
    /// A table was given to or requested from a step that does not have it.
    StepTableInvalid = "step_table_invalid",
    /// A step is not a mapping.
    StepTypeInvalid = "step_type_invalid",
    /// A pipeline has no steps.
    StepsEmpty = "steps_empty",
    /// `steps` is not a list.
    StepsTypeInvalid = "steps_type_invalid",
    /// A YAML tag does not fit its value.
    TagInvalid = "tag_invalid",
    /// The registry already has another driver under the tag.
    TagTaken = "tag_taken",
    /// A YAML tag is not supported.
    TagUnknown = "tag_unknown",
    /// The template of a new driver cannot be written.
    TemplateUnusable = "template_unusable",
    /// The files of an E2B template cannot be written.
    TemplateUnwritable = "template_unwritable",
    /// TLS cannot be set up.
    TlsUnavailable = "tls_unavailable",
    /// A value has the wrong type.
    TypeInvalid = "type_invalid",
    /// A file to upload cannot be read.
    UploadUnreadable = "upload_unreadable",
    /// The arguments of a command are invalid.
    UsageInvalid = "usage_invalid",
    /// A value in a file is invalid.
    ValueInvalid = "value_invalid",
    /// A field that names a file or a host has only the author's default.
    ValueUnset = "value_unset",
    /// The file has too many values.
    ValuesTooMany = "values_too_many",
    /// An environment variable is not set.
    VariableUnset = "variable_unset",
    /// A registry or an index has no such version of the driver.
    VersionMissing = "version_missing",
    /// A version is not text.
    VersionTypeInvalid = "version_type_invalid",
    /// The version of a file is not supported.
    VersionUnsupported = "version_unsupported",
    /// The worker in a sandbox cannot use what the host sent.
    WorkerFailed = "worker_failed",
    /// The working directory does not exist.
    WorkingDirMissing = "working_dir_missing",
    /// The file is not valid YAML.
    YamlInvalid = "yaml_invalid",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_unique_and_described() {
        let names: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
        for code in Code::ALL {
            assert!(code.description().trim().ends_with('.'), "{code}");
            assert!(code.as_str().contains('_'), "{code}: a noun and an adjective");
        }
    }

    /// The page is written by `UPDATE_EXPECT=1 cargo test -p osiris-core`.
    #[test]
    fn docs_list_every_code() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/errors.md");
        let page = std::fs::read_to_string(path).unwrap();
        let (before, _) = page.split_once(TABLE).expect("docs/errors.md has the table");
        let row = |code: &Code| format!("| `{code}` | {} |\n", code.description().trim());
        let rows: String = Code::ALL.iter().map(row).collect();
        let expected = format!("{before}{TABLE}{rows}");
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(path, &expected).unwrap();
        }
        assert!(page == expected || std::env::var_os("UPDATE_EXPECT").is_some(), "run it as above");
    }

    /// The head of the table in `docs/errors.md`.
    const TABLE: &str = "| Code | Problem |\n|---|---|\n";
}
