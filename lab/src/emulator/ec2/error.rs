//! EC2's error codes, with the HTTP status that each travels with (aws.md D).

/// A code of EC2, its status, and what EC2 says about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Code {
    /// The word in `<Code>`.
    pub name: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What EC2 says when there is nothing more exact to say.
    pub message: &'static str,
}

impl Code {
    const fn new(name: &'static str, status: u16, message: &'static str) -> Self {
        Self {
            name,
            status,
            message,
        }
    }
}

/// Why an action was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The code.
    pub code: Code,
    /// A sentence.
    pub message: String,
}

impl Refusal {
    pub(super) fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

impl From<Code> for Refusal {
    fn from(code: Code) -> Self {
        Self::new(code, code.message)
    }
}

/// The refusal of a parameter's value.
pub(super) fn invalid(name: &str, value: &str) -> Refusal {
    let text = format!("Value ({value}) for parameter {name} is invalid.");
    Refusal::new(VALUE, text)
}

macro_rules! codes {
    ($($constant:ident = $name:literal, $status:literal, $message:literal;)*) => {
        $(
            #[doc = concat!("`", $name, "`, HTTP ", $status, ".")]
            pub const $constant: Code = Code::new($name, $status, $message);
        )*
        /// All codes that the emulator answers, or that a fault can make it answer.
        pub const CODES: &[Code] = &[$($constant),*];
    };
}

codes! {
    INSUFFICIENT_CAPACITY = "InsufficientInstanceCapacity", 500, "There is no Spot or On-Demand capacity available that matches your request.";
    UNFULFILLABLE_CAPACITY = "UnfulfillableCapacity", 400, "Unable to fulfill capacity due to your request configuration.";
    UNSUPPORTED = "Unsupported", 400, "Your requested type is not supported in your requested Availability Zone.";
    MAX_FLEET_COUNT = "MaxFleetCountExceeded", 400, "You have exceeded the maximum number of fleets.";
    RESERVATION_CAPACITY = "ReservationCapacityExceeded", 400, "The requested reservation does not have sufficient capacity.";
    FREE_ADDRESSES = "InsufficientFreeAddressesInSubnet", 400, "There are not enough free addresses in the subnet.";
    VCPU_LIMIT = "VcpuLimitExceeded", 400, "You have requested more vCPU capacity than your current limit allows.";
    MACHINE_LIMIT = "InstanceLimitExceeded", 400, "You have requested more than your current limit allows.";
    SPOT_COUNT = "MaxSpotInstanceCountExceeded", 400, "Max spot count exceeded.";
    SPOT_PRICE = "SpotMaxPriceTooLow", 400, "Your Spot request price is lower than the minimum required fulfillment price.";
    THROTTLED = "RequestLimitExceeded", 503, "Request limit exceeded.";
    UNAVAILABLE = "Unavailable", 503, "The server is overloaded and can't handle the request.";
    INTERNAL = "InternalError", 500, "An internal error has occurred.";
    MACHINE_NOT_FOUND = "InvalidInstanceID.NotFound", 400, "The ID does not exist.";
    MACHINE_MALFORMED = "InvalidInstanceID.Malformed", 400, "The ID is malformed.";
    TEMPLATE_NOT_FOUND = "InvalidLaunchTemplateId.NotFound", 400, "The specified launch template does not exist.";
    TEMPLATE_NAME_NOT_FOUND = "InvalidLaunchTemplateName.NotFoundException", 400, "The specified launch template, with template name, does not exist.";
    TEMPLATE_VERSION_NOT_FOUND = "InvalidLaunchTemplateId.VersionNotFound", 400, "Could not find launch template version.";
    IMAGE_NOT_FOUND = "InvalidAMIID.NotFound", 400, "The image id does not exist.";
    IMAGE_MALFORMED = "InvalidAMIID.Malformed", 400, "The image id is malformed.";
    IMAGE_UNAVAILABLE = "InvalidAMIID.Unavailable", 400, "The image is not available.";
    IMAGE_NAME_TAKEN = "InvalidAMIName.Duplicate", 400, "The image name is already in use by another image.";
    IMAGE_NAME_MALFORMED = "InvalidAMIName.Malformed", 400, "The image name is malformed.";
    SNAPSHOT_NOT_FOUND = "InvalidSnapshot.NotFound", 400, "The snapshot does not exist.";
    SNAPSHOT_IN_USE = "InvalidSnapshot.InUse", 400, "The snapshot is currently in use.";
    TYPE_NOT_FOUND = "InvalidInstanceType", 400, "The following supplied instance types do not exist.";
    SUBNET_NOT_FOUND = "InvalidSubnetID.NotFound", 400, "The subnet ID does not exist.";
    VALUE = "InvalidParameterValue", 400, "A value specified in a parameter is not valid.";
    COMBINATION = "InvalidParameterCombination", 400, "The parameters cannot be used together.";
    MISSING = "MissingParameter", 400, "The request must contain a required parameter.";
    UNKNOWN_PARAMETER = "UnknownParameter", 400, "The parameter is not recognized.";
    NEXT_TOKEN = "InvalidNextToken", 400, "The specified NextToken is invalid.";
    USER_DATA = "InvalidUserData.Malformed", 400, "User data is limited to 16384 bytes.";
    TAG_LIMIT = "TagLimitExceeded", 400, "More than 50 tags specified.";
    RESOURCE_ID = "InvalidID", 400, "The ID is not valid.";
    UNAUTHORIZED = "UnauthorizedOperation", 403, "You are not authorized to perform this operation.";
    AUTH_FAILURE = "AuthFailure", 401, "AWS was not able to validate the provided access credentials.";
    SERVICE_LINKED_ROLE = "AuthFailure.ServiceLinkedRoleCreationNotPermitted", 403, "The provided credentials do not have permission to create the service-linked role for EC2 Spot.";
    OPT_IN = "OptInRequired", 403, "You are not subscribed to this service.";
    PENDING_VERIFICATION = "PendingVerification", 400, "Your request for accessing resources in this region is being validated.";
    FLEET_CONFIG = "InvalidFleetConfig", 400, "The fleet configuration is not valid.";
    TOKEN_MISMATCH = "IdempotentParameterMismatch", 400, "The request uses the same client token as a previous, but non-identical request.";
    DRY_RUN = "DryRunOperation", 412, "Request would have succeeded, but DryRun flag is set.";
    INVALID_ACTION = "InvalidAction", 400, "The action is not valid for this web service.";
    VERSION = "NoSuchVersion", 400, "The requested version is not valid.";
    PARAMETER_NOT_FOUND = "ParameterNotFound", 400, "The parameter could not be found. Verify the name and try again.";
    PARAMETER_EXISTS = "ParameterAlreadyExists", 400, "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.";
    PARAMETER_TYPE = "HierarchyTypeMismatchException", 400, "The type of a parameter cannot be changed.";
    ACCESS_DENIED = "AccessDeniedException", 400, "User is not authorized to perform this operation.";
    THROTTLING = "ThrottlingException", 400, "Rate exceeded";
    CONDITION_FAILED = "ConditionalCheckFailedException", 400, "The conditional request failed";
    TABLE_NOT_FOUND = "ResourceNotFoundException", 400, "Requested resource not found";
    TABLE_THROTTLED = "ProvisionedThroughputExceededException", 400, "The level of configured provisioned throughput for the table was exceeded.";
    TABLE_INTERNAL = "InternalServerError", 500, "Internal server error";
    NO_SUCH_RESOURCE = "NoSuchResourceException", 400, "The specified resource does not exist.";
    VALIDATION = "ValidationException", 400, "The request is not valid.";
    UNKNOWN_OPERATION = "UnknownOperationException", 400, "The operation is not known.";
    MISSING_AUTHENTICATION = "MissingAuthenticationTokenException", 400, "Missing Authentication Token";
    NOT_PERMITTED = "OperationNotPermitted", 400, "The operation is not permitted.";
    STATE = "IncorrectInstanceState", 400, "The state does not allow this operation.";
}
